"""A certified network and its certificate, made once a session."""

from functools import cache

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.runs.trial import Trial
from ripplecarry.verification.certificate import Certificate
from ripplecarry.verification.recipes import portfolio
from ripplecarry.verification.trainer import CertifyingTrainer

SETTINGS = {"certify": True, "layers": 1, "hidden_size": 32, "base": 4, "digits": 5, "batch_size": 60}


@cache
def certified(cell: str = "rnn", **settings) -> tuple[Trial, Weights, Certificate]:
    """A network in base 4 with its certificate."""
    trial = Trial.build(SETTINGS | {"cell": cell} | settings)
    weights = initial_weights(trial, trial.build_task(), 0)
    recipes = portfolio(cell)
    trainer = CertifyingTrainer(trial, trial.batches(0, Stream.TRAINING, 60), weights, recipes, 500)
    while trainer.step < trainer.num_steps:
        trainer.advance(25)
        certificate = trainer.certificate("made", trial, trainer.attempt())
        if certificate is not None:
            return trial, trainer.weights(), certificate
    raise AssertionError("no certificate was found")
