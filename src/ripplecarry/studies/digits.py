"""Do longer numbers teach faster? Ten to 200 digits, as in the report's figure 3."""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Falls
from ripplecarry.claims.measures import area
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

DIGITS = (10, 20, 50, 100, 200)

STUDY = Study(
    name="digits",
    question=__doc__,
    base=Trial(steps=1000),
    grid={"digits": DIGITS},
    claims=(
        Claim(
            "D1",
            "with more digits the loss falls faster",
            Falls(area("loss"), "digits", tuple({"digits": digits} for digits in DIGITS)),
        ),
    ),
    seeds=5,
    report_figure=3,
)
