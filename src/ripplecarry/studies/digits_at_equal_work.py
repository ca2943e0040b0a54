"""Do longer numbers teach faster because a step shows more digits? Here all show as many."""

from ripplecarry.arithmetic.batches import EXTRA_POSITIONS
from ripplecarry.lab.study import Study
from ripplecarry.lab.trial import Trial

DIGITS = (10, 20, 50, 100, 200)
POSITIONS_PER_STEP = 200 * (10 + EXTRA_POSITIONS)  # the report's batch of its shortest numbers

STUDY = Study(
    name="digits_at_equal_work",
    question=__doc__,
    base=Trial(steps=1000),
    grid={
        ("digits", "batch_size"): tuple(
            (digits, round(POSITIONS_PER_STEP / (digits + EXTRA_POSITIONS))) for digits in DIGITS
        )
    },
)
