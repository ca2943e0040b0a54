"""Do longer numbers teach faster because a step shows more digits? Here every step shows equally many."""

from ripplecarry.arithmetic.tasks import EXTRA_POSITIONS
from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Falls
from ripplecarry.claims.measures import area
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

DIGITS = (10, 20, 50, 100, 200)
REPORT_BATCH = 200
POSITIONS_PER_STEP = REPORT_BATCH * (10 + EXTRA_POSITIONS)  # the report's at its shortest numbers
EQUAL_WORK = tuple((digits, round(POSITIONS_PER_STEP / (digits + EXTRA_POSITIONS))) for digits in DIGITS)
AS_IN_THE_REPORT = tuple({"digits": digits, "batch_size": REPORT_BATCH} for digits in DIGITS)

STUDY = Study(
    name="digits_at_equal_work",
    question=__doc__,
    base=Trial(steps=1000),
    grid={("digits", "batch_size"): EQUAL_WORK},
    controls=AS_IN_THE_REPORT[1:],  # at 10 digits both are the same trial
    claims=(
        Claim(
            "D2",
            "with more digits the loss falls faster because each step carries more information "
            "(equal work removes more than half of the effect)",
            Falls(
                area("loss"),
                "digits",
                tuple({"digits": digits, "batch_size": batch} for digits, batch in EQUAL_WORK),
                against=AS_IN_THE_REPORT,
            ),
        ),
    ),
    seeds=5,
)
