"""A certified network and its certificate, made once a test run."""

import json
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.files import hold_lock
from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.networks.weights_file import read_weights, write_weights
from ripplecarry.runs.trial import Trial
from ripplecarry.verification.certificate import Certificate
from ripplecarry.verification.check import check
from ripplecarry.verification.recipes import portfolio
from ripplecarry.verification.trainer import CertifyingTrainer

_REMAINDER = {"task": "remainder", "modulus": 4, "digit_order": "most-first", "base": 2}
LINEAR = {
    "mingru": {"task": "flip_flop", "base": 10, "digits": 10},
    "diagonal": _REMAINDER,
    "diagonal_signed": _REMAINDER,
}
"""Tasks that linear recurrences have proofs for."""
CELLS = ("rnn", "gru", "lstm", *LINEAR)
_SMALL = {"rnn": 12, "gru": 12, "lstm": 8, "mingru": 12}
"""Hidden sizes that do in base 2 or for flip-flop; the diagonal recurrences find no proof with so few."""
SETTINGS = {"certify": True, "layers": 1, "hidden_size": 32, "base": 4, "digits": 5, "batch_size": 60}


@cache
def certified(cell: str = "rnn", **settings) -> tuple[Trial, Weights, Certificate]:
    """A network in base 4 with its certificate; the workers of a test run share it."""
    trial = Trial.build(SETTINGS | LINEAR.get(cell, {}) | {"cell": cell} | settings)
    made = Path(os.environ.get("RIPPLECARRY_MADE") or tempfile.mkdtemp()) / trial.id
    with made.with_suffix(".lock").open("wb") as lock:
        hold_lock(lock.fileno())
        if not made.with_suffix(".json").exists():
            weights, content = _made(trial, cell)
            made.with_suffix(".safetensors").write_bytes(write_weights(weights, cell))
            made.with_suffix(".json").write_text(json.dumps(content))
    weights = read_weights(made.with_suffix(".safetensors").read_bytes())
    content = json.loads(made.with_suffix(".json").read_text())
    return trial, weights, Certificate(content, check(content, weights))


def certified_small(cell: str) -> tuple[Trial, Weights, Certificate]:
    """One with few units, in base 2 unless its task has no digits."""
    if cell not in _SMALL:
        return certified(cell)
    return certified(cell, **{"base": 2} | LINEAR.get(cell, {}), hidden_size=_SMALL[cell], embedding_size=4)


def _made(trial: Trial, cell: str) -> tuple[Weights, Mapping[str, Any]]:
    weights = initial_weights(trial, trial.build_task(), 0)
    recipes = portfolio(cell)
    trainer = CertifyingTrainer(trial, trial.batches(0, Stream.TRAINING, 60), weights, recipes, 500)
    while trainer.step < trainer.num_steps:
        trainer.advance(25)
        certificate = trainer.certificate("made", trial, trainer.attempt())
        if certificate is not None:
            return trainer.weights(), certificate.content
    raise AssertionError("no certificate was found")
