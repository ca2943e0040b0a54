"""Is it long sequences that teach, or long numbers? Nine digits padded, against 100 real ones.

Some solutions of the assignment padded short numbers to a great length and called that long numbers.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AboutEqual, Less
from ripplecarry.claims.measures import area
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

SHORT = {"digits": 9, "positions": 11}
PADDED = {"digits": 9, "positions": 102}
LONG = {"digits": 100, "positions": 102}

STUDY = Study(
    name="padding",
    question=__doc__,
    base=Trial(steps=500),
    grid={
        ("digits", "positions"): tuple(
            (trial["digits"], trial["positions"]) for trial in (SHORT, PADDED, LONG)
        )
    },
    labels=("9 digits in 11 positions", "9 digits in 102", "100 digits in 102"),
    claims=(
        Claim(
            "P1",
            "padding nine digits to 102 positions changes little in how fast they are learnt",
            AboutEqual(area("exact_match_at_9"), PADDED, SHORT),
        ),
        Claim(
            "P2",
            "really long numbers teach nine digits faster than padded ones of the same length",
            Less(area("exact_match_at_9"), LONG, PADDED),
        ),
        Claim(
            "P3",
            "the mean loss of padded numbers is lower than that of really long ones",
            Less(area("loss"), PADDED, LONG),
        ),
    ),
)
