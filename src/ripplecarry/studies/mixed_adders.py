"""How many networks that were trained in ordinary ways can be decided, one way or the other?

Fifty settings, drawn once from all combinations of these, two seeds each: a hundred networks. With
`--decide` every one of them is proved right at every length, or a wrong sum of it is found, or neither.
"""

import random
from itertools import product

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import MostOf
from ripplecarry.claims.measures import is_certified, is_decided, is_refuted
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

NUM_SETTINGS = 50
CHOICES = {
    "cell": ("rnn", "gru", "lstm"),
    "layers": (1, 2),
    "hidden_size": (32, 64),
    "digits": (5, 9),
    "learning_rate": (0.003, 0.01),
    "steps": (1000, 5000),
    "operands": ("uniform", "balanced"),
    "weight_decay": (0.0, 0.1),
}
DRAWN = tuple(random.Random(0).sample([*product(*CHOICES.values())], NUM_SETTINGS))
"""Python promises the same sample of the same seed for no version; a test holds these."""

STUDY = Study(
    name="mixed_adders",
    question=__doc__,
    base=Trial(exactness_to=1000),
    grid={tuple(CHOICES): DRAWN},
    claims=(
        Claim("M1", "most networks are decided: proved right, or refuted by a sum", MostOf(is_decided())),
        Claim("M2", "most networks are refuted by a sum", MostOf(is_refuted())),
        Claim(
            "M3",
            "of networks with one layer of the RNN and weight decay, most are proved right",
            MostOf(is_certified(), {"cell": "rnn", "layers": 1, "weight_decay": 0.1}),
        ),
    ),
    seeds=2,
)
