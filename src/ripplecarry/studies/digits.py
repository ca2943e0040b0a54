"""Do longer numbers teach faster? Ten to 200 digits, as in the report's figure 3."""

from ripplecarry.lab.study import Study
from ripplecarry.lab.trial import Trial

STUDY = Study(
    name="digits",
    question=__doc__,
    base=Trial(steps=1000),
    grid={"digits": (10, 20, 50, 100, 200)},
    seeds=5,
    report_figure=3,
)
