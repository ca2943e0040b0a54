"""Does 0.1 jump around near a good solution? Lowered after 500 steps it would then settle there."""

from ripplecarry.lab.study import Study
from ripplecarry.lab.trial import Trial

STUDY = Study(
    name="high_rate_then_low",
    question=__doc__,
    base=Trial(learning_rate=0.1, steps=1000),
    grid={
        ("lower_rate", "lower_rate_after"): ((None, None), (0.01, 500), (0.001, 500)),
    },
    labels=("0.1 throughout", "0.01 from step 500", "0.001 from step 500"),
)
