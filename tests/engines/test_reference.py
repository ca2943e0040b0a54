import numpy as np
import pytest
import torch

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.reference import ReferenceEngine, mean_cross_entropy
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial

SMALL = Trial(hidden_size=12, embedding_size=6, batch_size=20, digits=4)


def start(trial=SMALL, weights_seed=0, engine=None):
    engine = engine or ReferenceEngine()
    weights = initial_weights(trial, trial.build_task(), weights_seed)
    return engine.trainer(trial, trial, trial.training_batches(0), weights)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_training_is_the_plain_pytorch_loop(cell):
    trial = SMALL.model_copy(update={"cell": cell})
    trainer = start(trial)
    network = Adder.build(trial, trial.build_task(), initial_weights(trial, trial.build_task(), 0))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.001, betas=(0.9, 0.999), eps=1e-8)
    expected = []
    for step in range(12):
        operands, answers = trial.training_batches(0).draw(step)
        optimiser.zero_grad()
        logits = network(torch.tensor(operands))
        loss = torch.nn.CrossEntropyLoss()(logits.reshape(-1, 10), torch.tensor(answers).long().reshape(-1))
        loss.backward()
        optimiser.step()
        expected.append(loss.item())

    losses = trainer.advance(12)

    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    for name, parameter in network.named_parameters():
        np.testing.assert_allclose(trainer.weights()[name], parameter.detach(), rtol=1e-4, atol=1e-6)


def test_steps_in_one_go_or_one_by_one_are_the_same():
    together, apart = start(), start()

    losses = together.advance(6)

    assert losses.tolist() == [apart.advance(1)[0] for _ in range(6)]
    for name, value in together.state().items():
        assert (value == apart.state()[name]).all()


@pytest.mark.parametrize("optimiser", ["adam", "momentum", "sgd"])
def test_a_restored_trainer_goes_on_bit_for_bit(optimiser):
    trial = SMALL.model_copy(update={"optimiser": optimiser})
    unbroken, first, second = start(trial), start(trial), start(trial, weights_seed=1)
    losses = unbroken.advance(9)
    first.advance(4)

    second.restore(first.step, first.state())

    assert second.advance(5).tolist() == losses[4:].tolist()
    for name, value in unbroken.state().items():
        assert (value == second.state()[name]).all()


def test_the_number_of_threads_is_left_as_it_was():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        start().advance(1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_loss_that_is_not_finite_stops_before_its_update():
    def breaks_at_third(logits, answers):
        calls.append(1)
        return mean_cross_entropy(logits, answers) * (float("nan") if len(calls) == 3 else 1)

    calls: list[int] = []
    trainer = start(engine=ReferenceEngine(loss=breaks_at_third))

    losses = trainer.advance(10)

    assert len(losses) == 3
    assert np.isnan(losses[-1])
    assert trainer.step == 2
    assert all(np.isfinite(value).all() for value in trainer.weights().values())


def test_a_stream_gives_the_logits_of_the_whole_sequence():
    for cell in ("rnn", "lstm"):
        trial = SMALL.model_copy(update={"cell": cell})
        task = trial.build_task()
        network = ReferenceEngine().load(trial, task, initial_weights(trial, task, 0))
        operands = trial.batches(0, Stream.EVALUATION, 1).draw(0).operands
        stream = network.stream()

        pieces = [stream.feed(operands[0, :2]), stream.feed(operands[0, 2:])]

        np.testing.assert_allclose(
            np.concatenate(pieces), network.logits(operands)[0], rtol=1e-5, atol=1e-6
        )


def test_the_rate_falls_when_it_should():
    trial = Trial(
        hidden_size=4, batch_size=2, optimiser="sgd", learning_rate=0.5, lower_rate=1e-30,
        lower_rate_after=2,
    )  # fmt: skip
    trainer = start(trial)
    trainer.advance(2)
    before = trainer.weights()
    trainer.advance(3)

    assert all((trainer.weights()[name] == value).all() for name, value in before.items())
