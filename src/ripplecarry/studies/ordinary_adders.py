"""Does weight decay lead to recurrent networks that add, and whose proof needs no training for it?

One layer of the report's RNN, trained for long at a constant rate on pairs with long carry runs as often as
short ones. What a network passes on should be one number, the carry. Without weight decay W_hh keeps much
else, which sets of states have to bound.

`ripplecarry certify` is then tried on every run. The expectation, stated before the runs: with weight decay
at least 10 of the 12 are proved right at every length, none without.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Mostly
from ripplecarry.claims.measures import is_exact_up_to
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

LONGEST = 10_000
DECAYS = (0.1, 0.0)

STUDY = Study(
    name="ordinary_adders",
    question=__doc__,
    base=Trial(
        layers=1, steps=20_000, learning_rate=0.01, digits=9, operands="balanced", exactness_to=LONGEST
    ),
    grid={"weight_decay": DECAYS},
    claims=tuple(
        Claim(
            f"O{number}",
            f"with a weight decay of {decay:g} every pair is right that is tested, "
            f"up to {LONGEST:,} digits",
            Mostly(is_exact_up_to(LONGEST), {"weight_decay": decay}),
        )
        for number, decay in enumerate(DECAYS, start=1)
    ),
)
