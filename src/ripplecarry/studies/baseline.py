"""Does the plain network learn to add? At both rates the report may have used in figure 1."""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AllOf, Mostly
from ripplecarry.claims.measures import has_settled_by, is_right_by
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

RATES = (0.01, 0.001)

STUDY = Study(
    name="baseline",
    question=__doc__,
    base=Trial(steps=1000),
    grid={"learning_rate": RATES},
    claims=tuple(
        Claim(
            f"B1 at {rate}",
            "the baseline reaches exact match 1 by step 100, and its loss is very low there and "
            f"changes little after (learning rate {rate})",
            AllOf(
                Mostly(is_right_by(100), {"learning_rate": rate}),
                Mostly(has_settled_by(100), {"learning_rate": rate}),
            ),
        )
        for rate in RATES
    ),
    report_figure=1,
)
