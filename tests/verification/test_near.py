"""Polishing that stays near: what it changes, what it leaves, and when another way is taken."""

from dataclasses import replace

import numpy as np
import pytest
from sloped_certificates import BY_LAST_SYMBOL, SETTINGS, trained

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError, Interrupted
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps import train_until_certified
from ripplecarry.sweeps.certifying import polishings, relative_change
from ripplecarry.sweeps.execute_run import execute_run
from ripplecarry.verification.certificate import Certificate
from ripplecarry.verification.certificate_file import SLOPED_BOXES
from ripplecarry.verification.near_trainer import LEAST_MARGIN, SHRINKING, NearTrainer

RECURRENT = "rnn.weight_hh_l0"
UNPROVED = SETTINGS | {"steps": 150, "weight_decay": 0.0}
SEED = 4


@pytest.fixture
def run(tmp_path) -> Run:
    """An ordinary network that is neither proved nor refuted."""
    return rc.train(**UNPROVED, seed=SEED, store=tmp_path)


def near_trainer(seed: int, **settings) -> NearTrainer:
    trial, weights = trained(seed, **settings)
    batches = replace(trial.training_batches(seed), operands="balanced")
    return NearTrainer(trial, batches, weights)


def smallest_margin(trainer: NearTrainer, step: int) -> float:
    trial, _ = trained(BY_LAST_SYMBOL)
    operands, answers = replace(trial.training_batches(BY_LAST_SYMBOL), operands="balanced").draw(step)
    logits = trainer.logits(operands)
    right = np.take_along_axis(logits, answers[..., None].astype(int), -1)
    np.put_along_axis(logits, answers[..., None].astype(int), -np.inf, -1)
    return float((right[..., 0] - logits.max(-1)).min())


def test_where_margins_are_large_only_small_singular_values_change():
    trainer = near_trainer(BY_LAST_SYMBOL)
    before = trainer.weights()
    assert smallest_margin(trainer, 0) > LEAST_MARGIN

    assert trainer.advance(1) == 0

    after = trainer.weights()
    for name in before.keys() - {RECURRENT}:
        np.testing.assert_array_equal(after[name], before[name])
    old, new = (np.linalg.svd(each[RECURRENT].astype(float))[1] for each in (before, after))
    np.testing.assert_allclose(new, np.r_[old[0], old[1:] * (1 - SHRINKING)], rtol=1e-4, atol=1e-6)


def test_training_makes_a_network_stand_the_disturbance():
    trainer = near_trainer(SEED, **UNPROVED)
    before = trainer.state()
    trainer.advance(200)
    after = trainer.state()
    losses = []
    for state in (before, after):
        trainer.restore(200, state)
        losses.append(float(trainer.advance(1)[0]))

    assert losses[0] > 0.1
    assert losses[1] < 0.1 * losses[0]


def test_a_copy_near_an_unproved_network_is_certified(run, tmp_path, capsys):
    assert isinstance(rc.certify(run, store=tmp_path), rc.Unknown)

    certificate = rc.certify(run, polish=True, store=tmp_path)

    assert isinstance(certificate, Certificate)
    store = Store(tmp_path)
    copy = store.open(str(certificate.content["run"]))
    assert (copy.trial.stay_near, copy.trial.polished_from) == (True, run.id)
    assert certificate.content["format"] == SLOPED_BOXES
    assert certificate.change == relative_change(run.weights, copy.weights)
    assert 0 < certificate.change < 0.05
    assert copy.curves["certified"].dropna().iloc[-1] == 1
    assert rc.certify(copy, store=tmp_path).change is None
    assert call(["check", copy.id, f"--store={tmp_path}"]) == 0
    assert "verify_certificate.py" in capsys.readouterr().out


def test_where_nothing_near_is_proved_the_copy_moves_freely(run, tmp_path, monkeypatch):
    monkeypatch.setattr(train_until_certified, "find_sloped_boxes", lambda *_, **__: None)
    monkeypatch.setattr("ripplecarry.sweeps.certifying.NEAR_STEPS", 21)
    said, done = [], []

    certificate = rc.certify(
        run, polish=True, store=tmp_path, say=said.append, report=lambda *told: done.append(told)
    )

    assert isinstance(certificate, Certificate)
    copy = Store(tmp_path).open(str(certificate.content["run"]))
    assert not copy.trial.stay_near
    assert certificate.change == relative_change(run.weights, copy.weights)
    assert said[-2:] == ["polishing a copy near it", "polishing a copy"]
    assert sum(steps for steps, _ in done) == done[-1][1] == 21 + 3 * 300


def test_the_free_way_is_the_run_that_it_always_was(run):
    settings = run.trial.model_dump(exclude_defaults=True, exclude={"learning_rate"})
    earlier = Trial.build(settings | {"certify": True, "polished_from": run.id, "steps": 300})

    near, free = polishings(run)

    assert free.id == f"{earlier.id}-torch-{SEED}"
    assert near.trial.stay_near


@pytest.mark.parametrize("settings", [{"cell": "gru"}, {"layers": 2}, {"hidden_size": 300}])
def test_networks_without_sloped_boxes_are_polished_freely_at_once(settings, tmp_path):
    run = rc.train(**UNPROVED | settings | {"steps": 1}, store=tmp_path)

    (free,) = polishings(run)

    assert not free.trial.stay_near


def test_an_interrupted_copy_resumes_to_the_same_weights(run, tmp_path):
    near = polishings(run)[0]
    request = RunRequest(near.trial.model_copy(update={"steps": 45}), SEED, "torch")
    store = Store(tmp_path)
    calls = []

    def is_stopped() -> bool:
        calls.append(1)
        return len(calls) == 3

    with pytest.raises(Interrupted):
        execute_run(request, store, is_stopped=is_stopped)
    resumed = execute_run(request, store)

    trainer = train_until_certified.NearTraining(request, run.weights, store, lambda *_: {}).trainer
    trainer.advance(45)
    for name, array in trainer.weights().items():
        np.testing.assert_array_equal(array, resumed.weights[name])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"certify": True, "stay_near": True}, "stay_near needs polished_from"),
        (
            {"certify": True, "stay_near": True, "polished_from": "0", "cell": "gru", "layers": 1},
            "stay_near is for rnn with layers = 1, not for gru with 1",
        ),
        (
            {"certify": True, "stay_near": True, "polished_from": "0", "layers": 2},
            "stay_near is for rnn with layers = 1, not for rnn with 2",
        ),
    ],
)
def test_staying_near_is_refused_where_it_means_nothing(settings, words):
    with pytest.raises(ConfigurationError, match=words):
        Trial(**settings)


def test_the_relative_change_is_of_all_weights_together():
    before = {"a": np.array([[3.0, 0.0]], dtype=np.float32), "b": np.array([4.0], dtype=np.float32)}
    after = {"b": np.array([4.0], dtype=np.float32), "a": np.array([[3.0, 0.5]], dtype=np.float32)}

    assert relative_change(before, after) == pytest.approx(0.1, rel=1e-12)
