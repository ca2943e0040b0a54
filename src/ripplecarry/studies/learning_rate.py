"""Which learning rates work? 0.0001 to 0.1 with Adam, as in the report's figure 4."""

from ripplecarry.lab.study import Study
from ripplecarry.lab.trial import Trial

STUDY = Study(
    name="learning_rate",
    question=__doc__,
    base=Trial(steps=500),
    grid={"learning_rate": (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1)},
    report_figure=4,
)
