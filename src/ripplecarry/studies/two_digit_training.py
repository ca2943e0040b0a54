"""Can a network trained on one, two or three digits add a thousand?

Two digits show it every digit pair with and without a carry coming in; one digit shows a carry
coming in with no pair of digits but zeros.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Mostly
from ripplecarry.claims.measures import is_right_at_the_end
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

READ_AT = 1000
DIGITS = {1: "one", 2: "two", 3: "three"}

STUDY = Study(
    name="two_digit_training",
    question=__doc__,
    base=Trial(steps=1000, learning_rate=0.005, read_at=READ_AT),
    grid={"digits": tuple(DIGITS)},
    claims=tuple(
        Claim(
            f"T{digits}",
            f"trained on up to {word} digits, networks add random {READ_AT}-digit numbers exactly",
            Mostly(is_right_at_the_end(f"exact_match_at_{READ_AT}"), {"digits": digits}),
        )
        for digits, word in DIGITS.items()
    ),
)
