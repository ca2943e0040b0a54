"""The kernel against the reference: operands, gradients, updates, streams."""

from dataclasses import replace

import numpy as np
import pytest
from gradients import distances, start, trials
from hypothesis import given, settings
from hypothesis import strategies as st

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.native import MOST_BALANCED, NativeComputation, NativeEngine, NativeTrainer
from ripplecarry.engines.reference import ReferenceEngine
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import CELL_SHAPES
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.execute_run import execute_run

CELLS = sorted(cell for cell, shape in CELL_SHAPES.items() if "native" in shape.known_by)
needs_native = pytest.mark.skipif(not is_available(), reason="the native engine is not built")


def levels() -> list[int]:
    """The instruction sets of this processor."""
    names = {"x86-64-v2": [2], "x86-64-v3": [2, 3], "x86-64-v4": [2, 3, 4]}
    return names.get(NativeEngine().instruction_set, [0]) if is_available() else [0]


def native(level: int) -> NativeEngine:
    return NativeEngine(level or None)


@needs_native
@pytest.mark.parametrize("level", levels())
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"layers": 3, "hidden_size": 17, "embedding_size": 5, "digits": 6, "batch_size": 13},
        {"layers": 1, "hidden_size": 33, "base": 16, "num_operands": 3, "digits": 30, "batch_size": 7},
        {"layers": 1, "hidden_size": 1, "embedding_size": 1, "base": 30, "task": "times", "factor": 7},
        {"layers": 8, "hidden_size": 48, "base": 2, "digits": 3, "batch_size": 1},
    ],
)
def test_gradients_are_those_of_float64_autograd(level, cell, shape):
    ours, _ = distances(native(level), Trial(cell=cell, **shape))

    assert ours < 1e-5


@needs_native
@settings(deadline=None, max_examples=60)
@given(trials(layers=4, hidden=70, embedding=40, digits=25, batch=45, cells=CELLS))
def test_gradients_are_right_at_any_shape(trial):
    ours, float32 = distances(native(0), trial)

    # where nearly everything cancels, as with a unit or two or one feature, no float32 gradient is as near
    assert ours < max(1e-5, 40 * float32)


@needs_native
@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.integers(2, 36),
    st.integers(1, 3),
    st.sampled_from(Stream),
    st.sampled_from(["uniform", "carry-balanced"]),
    st.sampled_from(["fixed", "mixed"]),
)
def test_operands_are_the_packages_own(seed, step, digits, base, operands, stream, kind, lengths):
    operands = 2 if kind == "carry-balanced" else operands
    trial = Trial(digits=digits, base=base, num_operands=operands, batch_size=5, hidden_size=1)
    source = replace(trial.batches(seed, stream, 5), operands=kind, lengths=lengths)
    trainer = start(NativeEngine(), trial)
    assert isinstance(trainer, NativeTrainer)

    drawn = trainer.draw(source, step)

    expected = source.draw(step)
    assert (drawn.operands == expected.operands).all()
    assert (drawn.answers == expected.answers).all()


@needs_native
@settings(deadline=None, max_examples=30)
@given(
    st.integers(0, 2**64 - 1),
    st.sampled_from(CELLS),
    st.integers(1, 3),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(2, 36),
)
def test_initial_weights_are_the_packages_own(seed, cell, layers, hidden_size, embedding_size, base):
    trial = Trial(
        cell=cell, layers=layers, hidden_size=hidden_size, embedding_size=embedding_size, base=base
    )
    expected = initial_weights(trial, trial.build_task(), seed)
    network = NativeEngine().load(trial, trial.build_task(), expected)
    assert isinstance(network, NativeComputation)

    drawn = network.initial_weights(seed)

    assert all((drawn[name].view(np.uint32) == expected[name].view(np.uint32)).all() for name in expected)


@needs_native
@pytest.mark.parametrize("optimiser", ["adam", "momentum", "sgd"])
@pytest.mark.parametrize(
    ("cell", "learning_rate", "steps"),
    [(cell, 0.01, 100) for cell in CELLS] + [(cell, 0.001, 1000) for cell in ("rnn", "gru", "lstm")],
)
def test_training_stays_with_the_reference(cell, optimiser, learning_rate, steps):
    """At ten times the default rate training itself blows up any rounding: see docs/log.md."""
    trial = Trial(
        cell=cell, optimiser=optimiser, learning_rate=learning_rate, hidden_size=24, batch_size=30, digits=4
    )
    ours, theirs = start(NativeEngine(), trial), start(ReferenceEngine(), trial)

    losses = ours.advance(steps), theirs.advance(steps)

    np.testing.assert_allclose(*losses, rtol=1e-4)
    for name, value in theirs.weights().items():
        np.testing.assert_allclose(ours.weights()[name], value, rtol=0, atol=1e-4)


@needs_native
def test_the_reports_baseline_learns_alike():
    trial = Trial(learning_rate=0.01)
    ours, theirs = start(NativeEngine(), trial), start(ReferenceEngine(), trial)

    first, second = ours.advance(150), theirs.advance(150)

    np.testing.assert_allclose(first[:10], second[:10], rtol=1e-4)
    assert first[-1] < 0.02
    assert second[-1] < 0.02


@needs_native
@pytest.mark.parametrize("cell", CELLS)
def test_logits_and_streams_are_the_references(cell):
    trial = Trial(cell=cell, layers=3, hidden_size=20, digits=40)
    task = trial.build_task()
    weights = initial_weights(trial, task, 2)
    operands = trial.batches(0, Stream.EVALUATION, 77).draw(0).operands
    ours, theirs = (engine.load(trial, task, weights) for engine in (NativeEngine(), ReferenceEngine()))

    np.testing.assert_allclose(ours.logits(operands), theirs.logits(operands), atol=1e-5)
    stream = ours.stream()
    pieces = [stream.feed(operands[5, :7]), stream.feed(operands[5, 7:8]), stream.feed(operands[5, 8:])]
    np.testing.assert_allclose(np.concatenate(pieces), theirs.logits(operands[5:6])[0], atol=1e-5)
    assert all((ours.weights()[name] == value).all() for name, value in weights.items())


@needs_native
@pytest.mark.parametrize("optimiser", ["adam", "momentum", "sgd"])
def test_a_restored_trainer_goes_on_bit_for_bit(optimiser):
    trial = Trial(hidden_size=12, batch_size=20, digits=4, optimiser=optimiser)
    unbroken, first, second = (start(NativeEngine(), trial) for _ in range(3))
    losses = unbroken.advance(9)
    first.advance(4)

    second.restore(first.step, first.state())

    assert second.advance(5).tolist() == losses[4:].tolist()
    for name, value in unbroken.state().items():
        assert (value == second.state()[name]).all()


@needs_native
def test_values_that_are_not_finite_pass_through_visibly():
    trial = Trial(hidden_size=12, batch_size=20, digits=4, layers=2)
    task = trial.build_task()
    for name, value in (("dense.weight", np.nan), ("rnn.weight_hh_l0", np.nan), ("dense.bias", np.inf)):
        weights = initial_weights(trial, task, 0)
        weights[name].flat[0] = value
        trainer = NativeEngine().trainer(trial, trial, trial.training_batches(0), weights)

        losses = trainer.advance(5)

        assert len(losses) == 1
        assert not np.isfinite(losses[0])
        assert trainer.step == 0
        operands = trial.training_batches(0).draw(0).operands
        assert not np.isfinite(trainer.logits(operands)).all()


@needs_native
def test_a_whole_run_reaches_what_the_reference_reaches(store):
    trial = Trial(hidden_size=32, digits=4, steps=300, learning_rate=0.01)
    runs = [execute_run(RunRequest(trial, 0, engine), store) for engine in ("native", "torch")]

    assert runs[0].id != runs[1].id
    assert runs[0].environment["instruction_set"].startswith(("x86-64-v", "generic"))
    assert runs[0].environment["build"].startswith(("zig", "gcc", "clang"))
    for run in runs:
        assert run.curves.exact_match.dropna().iloc[-1] > 0.98


@needs_native
def test_auto_takes_the_native_engine_and_levels_that_are_not_there_are_refused():
    assert open_engine().name == "native"
    with pytest.raises(ConfigurationError, match="level 9 is not there"):
        NativeEngine(9)
    trial = Trial(hidden_size=4)
    network = NativeEngine().load(trial, trial.build_task(), initial_weights(trial, trial.build_task(), 0))
    with pytest.raises(ConfigurationError, match="digit 10 is outside base 10"):
        network.logits(np.full((1, 3, 2), 10, dtype=np.uint8))


def test_without_the_kernel_the_reference_does_the_work(monkeypatch):
    monkeypatch.setattr("ripplecarry.engines.kernel.is_available", lambda: False)

    assert open_engine().name == "torch"
    with pytest.raises(ConfigurationError, match="not built"):
        open_engine("native")


@needs_native
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "operands",
    [
        {"operands": "carry-balanced"},
        {"lengths": "mixed"},
        {"operands": "carry-balanced", "lengths": "mixed"},
        {"operands": "balanced"},
    ],
)
@pytest.mark.parametrize("most_balanced", [MOST_BALANCED, 0])
def test_all_kinds_of_operands_are_trained_on(cell, operands, most_balanced, monkeypatch):
    monkeypatch.setattr("ripplecarry.engines.native.MOST_BALANCED", most_balanced)  # longer ones are given
    trial = Trial(cell=cell, hidden_size=12, embedding_size=4, digits=5, batch_size=20, **operands)

    ours, theirs = start(NativeEngine(), trial), start(ReferenceEngine(), trial)

    assert ours.advance(15) == pytest.approx(theirs.advance(15), rel=1e-4)
    plain = start(NativeEngine(), trial.model_copy(update={"operands": "uniform", "lengths": "fixed"}))
    assert ours.advance(2) != pytest.approx(plain.advance(17)[-2:], rel=1e-4)
