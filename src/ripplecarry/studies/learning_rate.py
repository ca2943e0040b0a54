"""Which learning rates work? 0.0001 to 0.1 with Adam, as in the report's figure 4."""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AllOf, Mostly
from ripplecarry.claims.measures import (
    falls_by_less_than,
    is_never_right,
    is_right_by,
    is_unstable,
    stays_above,
)
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

STUDY = Study(
    name="learning_rate",
    question=__doc__,
    base=Trial(steps=500),
    grid={"learning_rate": (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1)},
    claims=(
        Claim(
            "R1",
            "at 0.0001 the loss changes little in 500 steps and exact match stays 0",
            AllOf(
                Mostly(falls_by_less_than(0.25), {"learning_rate": 0.0001}),
                Mostly(is_never_right(), {"learning_rate": 0.0001}),
            ),
        ),
        Claim(
            "R3",
            "at 0.1 the loss does not fall clearly and exact match stays 0",
            AllOf(
                Mostly(stays_above(1.5), {"learning_rate": 0.1}),
                Mostly(is_never_right(), {"learning_rate": 0.1}),
            ),
        ),
        Claim(
            "R4",
            "0.01 and 0.02 are right within 100 steps; 0.05 is unstable",
            AllOf(
                Mostly(is_right_by(100), {"learning_rate": 0.01}),
                Mostly(is_right_by(100), {"learning_rate": 0.02}),
                Mostly(is_unstable(), {"learning_rate": 0.05}),
            ),
        ),
    ),
    report_figure=4,
)
