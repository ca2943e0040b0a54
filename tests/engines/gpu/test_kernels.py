"""The GPU's kernels against the reference: operands, gradients, updates, readings, streams."""

import numpy as np
import pytest
from gradients import distances, start, trials
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("triton")

from ripplecarry.arithmetic.batches import Batch
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.gpu.buffers import capacity
from ripplecarry.engines.gpu.engine import GpuEngine, GpuTrainer
from ripplecarry.engines.gpu.launches import Launches
from ripplecarry.engines.gpu.layout import Layout
from ripplecarry.engines.reference import ReferenceEngine
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial

SMALL = {"hidden_size": 12, "embedding_size": 4, "digits": 2, "batch_size": 20}  # interpreted, it is slow
CELLS = ["rnn", "gru", "lstm"]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "shape",
    [
        {"digits": 3, "batch_size": 40},
        {"layers": 3, "hidden_size": 17, "embedding_size": 5, "digits": 4, "batch_size": 13},
        {"layers": 1, "hidden_size": 33, "base": 16, "num_operands": 3, "digits": 3, "batch_size": 33},
        {"layers": 1, "hidden_size": 3, "embedding_size": 1, "base": 30, "task": "times", "factor": 7}
        | {"digits": 2, "batch_size": 9},
        {"layers": 2, "hidden_size": 100, "base": 2, "digits": 1, "batch_size": 1},
    ],
)
def test_gradients_are_those_of_float64_autograd(cell, shape):
    ours, _ = distances(GpuEngine(), Trial(cell=cell, **shape))

    assert ours < 1e-5


@settings(max_examples=6)
@given(trials(layers=3, hidden=40, embedding=20, digits=3, batch=40))
def test_gradients_are_right_at_any_shape(trial):
    ours, float32 = distances(GpuEngine(), trial)

    assert ours < max(1e-5, 40 * float32)


@settings(max_examples=15)
@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(1, 8),
    st.integers(2, 36),
    st.integers(1, 3),
    st.sampled_from(Stream),
)
def test_operands_are_the_packages_own(seed, step, digits, base, operands, stream):
    trial = Trial(digits=digits, base=base, num_operands=operands, batch_size=40, hidden_size=1)
    source = trial.batches(seed, stream, 40)

    drawn = trainer_of(trial).draw(source, step)

    right = source.draw(step)
    assert np.array_equal(drawn.operands, right.operands)
    assert np.array_equal(drawn.answers, right.answers)


@settings(max_examples=30)
@given(trials(layers=3, hidden=70, embedding=40, digits=1, batch=1))
def test_weights_come_back_from_their_row(trial):
    layout, weights = Layout(trial, trial.build_task()), initial_weights(trial, trial.build_task(), 0)

    row = layout.pack(weights)

    back = layout.unpack(row)
    assert back.keys() == weights.keys()
    assert all(np.array_equal(back[name], weights[name]) for name in weights)
    assert np.count_nonzero(row) == sum(np.count_nonzero(array) for array in weights.values())


@pytest.mark.parametrize(
    ("cell", "optimiser"), [*((cell, "adam") for cell in CELLS), ("rnn", "momentum"), ("rnn", "sgd")]
)
def test_training_stays_with_the_reference(cell, optimiser):
    trial = Trial(
        cell=cell, optimiser=optimiser, learning_rate=0.01, lower_rate_after=2, lower_rate=0.002, **SMALL
    )
    ours, theirs = start(GpuEngine(), trial), start(ReferenceEngine(), trial)

    assert ours.advance(4) == pytest.approx(theirs.advance(4), rel=1e-4)

    mine, right = ours.weights(), theirs.weights()
    assert max(np.abs(mine[name] - right[name]).max() for name in right) < 1e-4
    assert ours.step == theirs.step == 4


@pytest.mark.parametrize(
    "operands", [{"lengths": "mixed"}, {"operands": "carry-balanced"}, {"operands": "balanced"}]
)
def test_operands_that_the_kernel_does_not_draw_are_trained_on_all_the_same(operands):
    trial = Trial(**SMALL, **operands)
    ours, theirs = start(GpuEngine(), trial), start(ReferenceEngine(), trial)

    assert ours.advance(3) == pytest.approx(theirs.advance(3), rel=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_readings_and_streams_are_the_references(cell):
    trial = Trial(cell=cell, **SMALL)
    source = trial.batches(4, Stream.EVALUATION, 40)
    ours, theirs = start(GpuEngine(), trial), start(ReferenceEngine(), trial)
    operands = source.draw(7).operands

    logits = ours.logits(operands)

    assert np.abs(logits - theirs.logits(operands)).max() < 1e-5
    assert np.array_equal(ours.answers(operands), logits.argmax(axis=-1))
    assert ours.count_right(source, 7) == theirs.count_right(source, 7)
    stream = ours.stream()
    pieces = [stream.feed(operands[0, :2]), stream.feed(operands[0, 2:])]
    assert np.abs(np.concatenate(pieces) - logits[0]).max() < 1e-6
    assert ours.logits(operands[:0]).shape == (0, 4, 10)


def test_a_perfect_score_is_counted(monkeypatch):
    trial = Trial(**SMALL)
    ours = trainer_of(trial)
    source = trial.batches(4, Stream.EVALUATION, 40)
    right = source.draw(7).answers.astype(np.int64)
    monkeypatch.setattr(Launches, "read", answers_of(right))

    assert ours.count_right(source, 7) == (40, 40 * 4)
    right[3, 1] += 1
    assert ours.count_right(source, 7) == (39, 40 * 4 - 1)


def answers_of(right):
    def read(launches, buffers, weights, members, wanted, state=None):
        import torch

        buffers.results[0] = torch.from_numpy(right.T.astype(np.uint8))

    return read


def test_more_than_fits_at_once_goes_in_pieces(monkeypatch):
    trial = Trial(**SMALL)
    ours = start(GpuEngine(), trial)
    operands = trial.batches(4, Stream.EVALUATION, 40).draw(7).operands
    whole = ours.logits(operands)
    monkeypatch.setattr("ripplecarry.engines.gpu.buffers.BYTES_ON_PROCESSOR", 20_000)

    pieces = ours.logits(operands)

    assert 1 < capacity(ours.company.stack.layout, GpuEngine().device, 4, 1) < 40
    assert np.array_equal(pieces, whole)


def test_a_restored_trainer_goes_on_bit_for_bit():
    trial = Trial(**SMALL)
    whole, first, second = (start(GpuEngine(), trial) for _ in range(3))
    losses = whole.advance(4)
    first.advance(2)

    second.restore(2, first.state())

    assert np.array_equal(second.advance(2), losses[2:])
    assert all(np.array_equal(whole.state()[name], array) for name, array in second.state().items())
    with pytest.raises(ValueError, match="moments"):
        second.restore(2, first.state() | {"optimiser.first": np.zeros(3, np.float32)})


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the interpreter's NumPy
def test_a_loss_that_is_not_finite_stops_before_its_update():
    trial = Trial(optimiser="sgd", learning_rate=100.0, **SMALL)
    ours = start(GpuEngine(), trial)
    weights = ours.weights()
    weights["dense.weight"][0, 0] = np.inf
    ours = GpuEngine().trainer(trial, trial, trial.training_batches(0), weights)

    losses = ours.advance(5)

    assert len(losses) == 1
    assert not np.isfinite(losses[0])
    assert ours.step == 0
    assert all(np.array_equal(ours.weights()[name], weights[name]) for name in weights)


def trainer_of(trial: Trial) -> GpuTrainer:
    trainer = start(GpuEngine(), trial)
    assert isinstance(trainer, GpuTrainer)
    return trainer


def test_gradients_change_nothing():
    trainer = trainer_of(Trial(**SMALL))
    before = trainer.state()

    trainer.gradients(*Batch(*trainer.draw(Trial(**SMALL).training_batches(0), 3)))

    assert all(np.array_equal(trainer.state()[name], array) for name, array in before.items())
