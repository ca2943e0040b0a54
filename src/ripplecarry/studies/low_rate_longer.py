"""Does a learning rate of 0.0001 only need more time? Ten times the report's steps."""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Grows
from ripplecarry.claims.measures import last, reading
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

STUDY = Study(
    name="low_rate_longer",
    question=__doc__,
    base=Trial(steps=5000),
    grid={"learning_rate": (0.0001,)},
    claims=(
        Claim(
            "R2",
            "longer training helps at 0.0001 (exact match after 5,000 steps is above that after 500)",
            Grows(last("exact_match"), reading(450), {"learning_rate": 0.0001}),
        ),
    ),
)
