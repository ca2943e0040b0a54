"""Does 0.1 jump around near a good solution? If so, lowering it after 500 steps lets training settle."""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Mostly
from ripplecarry.claims.measures import is_right_by
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

LOWERED_AFTER = 500

STUDY = Study(
    name="high_rate_then_low",
    question=__doc__,
    base=Trial(learning_rate=0.1, steps=1000),
    grid={
        ("lower_rate", "lower_rate_after"): (
            (None, None),
            (0.01, LOWERED_AFTER),
            (0.001, LOWERED_AFTER),
        ),
    },
    labels=("0.1 throughout", "0.01 from step 500", "0.001 from step 500"),
    claims=(
        Claim(
            "R5",
            "at 0.1 training jumps around near a good solution (lowered to 0.001, where a fresh "
            "network still gets everything wrong after 100 steps, it is right within 100)",
            Mostly(is_right_by(LOWERED_AFTER + 100, after=LOWERED_AFTER), {"lower_rate": 0.001}),
        ),
    ),
)
