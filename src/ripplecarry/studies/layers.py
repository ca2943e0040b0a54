"""Does depth help? One to four layers on 14 digits, as in the report's figure 2."""

from itertools import combinations

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AboutEqual, AllOf, fastest, slowest
from ripplecarry.claims.measures import area
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

STUDY = Study(
    name="layers",
    question=__doc__,
    base=Trial(digits=14, steps=500),
    grid={"layers": (1, 2, 3, 4)},
    claims=(
        Claim(
            "L1",
            "of 1 to 4 layers, 2 layers gain exact match fastest",
            fastest(area("exact_match"), layers=2),
        ),
        Claim(
            "L2",
            "the loss of 2, 3 and 4 layers falls about equally fast; 1 layer is the slowest",
            AllOf(
                *(
                    AboutEqual(area("loss"), {"layers": first}, {"layers": second})
                    for first, second in combinations((2, 3, 4), 2)
                ),
                slowest(area("loss"), layers=1),
            ),
        ),
    ),
    report_figure=2,
)
