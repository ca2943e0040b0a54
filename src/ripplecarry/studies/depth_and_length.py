"""Do three or four layers pay on long numbers? Two to four layers on 100 and 200 digits.

The report's depths were compared at 14 digits; other solutions of the assignment disagree on whether
depth helps, and on whether it does so with length.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AllOf, Less
from ripplecarry.claims.measures import area
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

DIGITS = (100, 200)


def gains(layers: int) -> AllOf:
    """More exact match over training than two layers, at both lengths."""
    return AllOf(
        *(
            Less(
                area("exact_match"),
                {"digits": digits, "layers": layers},
                {"digits": digits, "layers": 2},
            )
            for digits in DIGITS
        )
    )


STUDY = Study(
    name="depth_and_length",
    question=__doc__,
    base=Trial(steps=300),
    grid={"digits": DIGITS, "layers": (2, 3, 4)},
    claims=(
        Claim("E1", "3 layers gain exact match faster than 2 at 100 and 200 digits", gains(3)),
        Claim("E2", "4 layers gain exact match faster than 2 at 100 and 200 digits", gains(4)),
    ),
    seeds=5,
)
