"""Does the plain network learn to add? At both rates the report may have used in figure 1."""

from ripplecarry.lab.study import Study
from ripplecarry.lab.trial import Trial

STUDY = Study(
    name="baseline",
    question=__doc__,
    base=Trial(steps=1000),
    grid={"learning_rate": (0.01, 0.001)},
    report_figure=1,
)
