"""Small networks of one RNN layer, trained in the ordinary way, with certificates of sloped boxes."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from ripplecarry.engines.registry import open_engine
from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.runs.trial import Trial
from ripplecarry.verification.certificate import Certificate, certify_sloped_boxes
from ripplecarry.verification.certificate_file import SLOPED_BOXES
from ripplecarry.verification.find_sloped_boxes import find_sloped_boxes
from ripplecarry.verification.sloped_boxes import PositionBounds

SETTINGS = {"layers": 1, "hidden_size": 16, "embedding_size": 4, "base": 2, "digits": 8, "steps": 1000} | {
    "learning_rate": 0.01,
    "weight_decay": 0.1,
}
BY_LAST_SYMBOL, BY_TWO_SYMBOLS = 0, 1
"""Seeds: of a network with a set for each last reading, and of one that needs the reading before too."""


@cache
def trained(seed: int, **settings) -> tuple[Trial, Weights]:
    """The network after all its steps."""
    trial = Trial.build(SETTINGS | settings)
    initial = initial_weights(trial, trial.build_task(), seed)
    trainer = open_engine().trainer(trial, trial, trial.training_batches(seed), initial)
    trainer.advance(trial.steps)
    return trial, trainer.weights()


def bounds_of(trial: Trial, weights: Weights) -> PositionBounds:
    """The search's bounds for this network."""
    task = trial.build_task()
    return PositionBounds(weights, task.machine, task.base, task.num_operands)


@cache
def _certificate(seed: int) -> Certificate:
    trial, weights = trained(seed)
    closed = find_sloped_boxes(bounds_of(trial, weights), seed)
    assert closed is not None
    found = certify_sloped_boxes("made", trial, weights, closed)
    assert isinstance(found, Certificate)
    return found


def proved(seed: int = BY_LAST_SYMBOL) -> tuple[Trial, Weights, dict[str, Any]]:
    """A network with its certificate, which may be changed."""
    return *trained(seed), json.loads(json.dumps(_certificate(seed).content))


def as_sloped(certificate: Mapping[str, Any], num_units: int) -> dict[str, Any]:
    """The same claim in format 3: a history for each machine state, and boxes that do not slope."""
    following = certificate["machine"]["next_state"]
    level = [0.0] * num_units
    histories = [
        {
            "state": int(state),
            "next": following[int(state)],
            "along": [0.0, 0.0],
            "slopes": level,
            **boxes["preactivation"],
            "pieces": 1,
        }
        for state, (boxes,) in certificate["invariant"].items()
    ]
    rest = {name: part for name, part in certificate.items() if name != "invariant"}
    return rest | {"format": SLOPED_BOXES, "direction": level, "histories": histories}
