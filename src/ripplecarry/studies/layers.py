"""Does depth help? One to four layers on 14 digits, as in the report's figure 2."""

from ripplecarry.lab.study import Study
from ripplecarry.lab.trial import Trial

STUDY = Study(
    name="layers",
    question=__doc__,
    base=Trial(digits=14, steps=500),
    grid={"layers": (1, 2, 3, 4)},
    report_figure=2,
)
