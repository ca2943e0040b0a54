"""Does a learning rate of 0.0001 only need longer? Ten times the report's steps."""

from ripplecarry.lab.study import Study
from ripplecarry.lab.trial import Trial

STUDY = Study(
    name="low_rate_longer",
    question=__doc__,
    base=Trial(steps=5000),
    grid={"learning_rate": (0.0001,)},
)
