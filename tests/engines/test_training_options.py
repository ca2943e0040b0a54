"""Weight decay, clipping, rates that rise and fall, growing operands, starts from other runs."""

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, SequentialLR

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.engines.engine import Engine, Trainer
from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.native import NativeEngine
from ripplecarry.engines.optimisation import Optimisation
from ripplecarry.engines.reference import ReferenceEngine, mean_cross_entropy
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial

TINY = {"hidden_size": 8, "embedding_size": 4, "batch_size": 12, "digits": 4, "layers": 1, "steps": 30}
ALL = {
    "weight_decay": 0.5,
    "clip": 0.2,
    "warmup": 5,
    "decay": "cosine",
    "grow_over": 20,
    "learning_rate": 0.02,
}
needs_native = pytest.mark.skipif(not is_available(), reason="the native engine is not built")


def start(engine: Engine, trial: Trial) -> Trainer:
    return engine.trainer(
        trial, trial, trial.training_batches(3), initial_weights(trial, trial.build_task(), 3)
    )


@pytest.mark.parametrize(
    "settings", [{"weight_decay": 0.5}, {"clip": 0.1}, {"weight_decay": 0.5, "clip": 0.1}]
)
def test_the_reference_trains_as_pytorchs_own_adamw_and_clipping(settings):
    trial = Trial(**TINY, **settings, learning_rate=0.02)
    ours = start(ReferenceEngine(), trial)
    network = Adder.build(trial, trial.build_task(), initial_weights(trial, trial.build_task(), 3))
    theirs = torch.optim.AdamW(
        network.parameters(), lr=0.02, weight_decay=trial.weight_decay, foreach=False
    )
    for step in range(10):
        operands, answers = trial.training_batches(3).draw(step)
        theirs.zero_grad()
        mean_cross_entropy(network(torch.tensor(operands)), torch.tensor(answers).long()).backward()
        if trial.clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), trial.clip)
        theirs.step()

    ours.advance(10)

    for name, value in network.weights().items():
        np.testing.assert_allclose(ours.weights()[name], value, rtol=0, atol=1e-6)


@needs_native
@pytest.mark.parametrize("optimiser", ["adam", "momentum", "sgd"])
@pytest.mark.parametrize("name", [*ALL, "all"])
def test_the_kernel_trains_as_the_reference(name, optimiser):
    given = ALL if name == "all" else {name: ALL[name]}
    trial = Trial(**{**TINY, "optimiser": optimiser, "learning_rate": 0.02, **given})
    ours, theirs = start(NativeEngine(), trial), start(ReferenceEngine(), trial)

    losses = ours.advance(30), theirs.advance(30)

    np.testing.assert_allclose(*losses, rtol=1e-4)
    for each, value in theirs.weights().items():
        np.testing.assert_allclose(ours.weights()[each], value, rtol=0, atol=1e-4)


def test_rates_are_those_of_pytorchs_schedulers():
    plain = Trial(**{**TINY, "steps": 40, "learning_rate": 0.3, "warmup": 10})
    for decay in ("none", "linear", "cosine"):
        trial = plain.model_copy(update={"decay": decay})
        optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
        after = {
            "none": LambdaLR(optimiser, lambda step: 1.0),
            "linear": LinearLR(optimiser, 1.0, 0.0, total_iters=30),
            "cosine": CosineAnnealingLR(optimiser, T_max=30),
        }[decay]
        # PyTorch counts a warm-up to its full rate from its start; this one's first step is not 0.
        schedule = SequentialLR(optimiser, [LinearLR(optimiser, 0.1, 1.0, 9), after], milestones=[10])
        rates = []
        for _ in range(40):
            rates.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            schedule.step()

        assert [trial.learning_rate_at(step) for step in range(40)] == pytest.approx(rates, abs=1e-9)


def test_operands_grow_by_a_digit_at_a_time_and_sequences_with_them():
    source = Trial(digits=4, grow_over=10, steps=20, batch_size=300).training_batches(0)
    shapes = [source.at(step) for step in range(20)]

    assert [each.digits for each in shapes] == [1, 1, 2, 2, 2, 3, 3, 4, 4, 4] + [4] * 10
    assert {each.positions - each.digits for each in shapes} == {2}
    for step in (0, 4, 12):
        operands = source.draw(step).operands
        used = operands.any(axis=(0, 2))
        assert used.tolist() == [True] * shapes[step].digits + [False, False]


@pytest.mark.parametrize("engine", ["torch", pytest.param("native", marks=needs_native)])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(engine):
    made = ReferenceEngine if engine == "torch" else NativeEngine
    trial = Trial(**{**TINY, **ALL})
    whole, first, second = (start(made(), trial) for _ in range(3))
    whole.advance(30)
    for cut in (3, 14):  # in the warm-up, and while operands grow
        first = start(made(), trial)
        first.advance(cut)
        second.restore(first.step, first.state())
        second.advance(30 - cut)
        for name, value in whole.weights().items():
            assert value.tobytes() == second.weights()[name].tobytes()


def test_training_starts_from_another_runs_weights(tmp_path, capsys):
    store = tmp_path / "store"
    settings = {**TINY, "store": store, "engine": "torch"}
    first = rc.train(**settings)
    second = rc.train(**{**settings, "steps": 1, "learning_rate": 1e-9}, start_from="last")
    other = rc.train(**{**settings, "steps": 1, "learning_rate": 1e-9})

    assert second.trial.start_from == first.id
    assert second.id != other.id
    for name, value in first.weights.items():
        np.testing.assert_allclose(second.weights[name], value, rtol=0, atol=1e-6)
    assert not np.allclose(other.weights["dense.weight"], first.weights["dense.weight"], atol=1e-6)
    with pytest.raises(ConfigurationError, match="which has another hidden_size"):
        rc.train(**{**settings, "hidden_size": 9}, start_from=first.id)
    with pytest.raises(ConfigurationError, match="which has another task"):
        rc.train(**settings, task="subtraction", start_from=first.id)
    assert call(["train", "--steps=1", "--start-from", first.id, f"--store={store}"]) == 2
    assert "which has another" in capsys.readouterr().err
    with pytest.raises(StoreError, match="no run 'nosuch'"):
        rc.train(**settings, start_from="nosuch")


@pytest.mark.parametrize("name", ["weight_decay", "clip", "grow_over"])
def test_the_gpu_engine_says_what_it_does_not_know(name):
    gpu = pytest.importorskip("ripplecarry.engines.gpu.engine")
    trial = Trial(**{**TINY, name: ALL[name]})

    with pytest.raises(ConfigurationError, match=f"does not know {name}; native and torch do"):
        start(gpu.GpuEngine("ieee"), trial)


def test_the_defaults_change_nothing():
    assert Optimisation(weight_decay=0, clip=None, warmup=None, decay="none").learning_rate_at(7) == 0.001
    assert Trial(weight_decay=0.0).id == Trial().id
