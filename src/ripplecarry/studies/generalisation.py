"""Do networks trained on short numbers add long ones, and do operands with long carry runs help?

Every length is tested with longest carry runs and longest idle runs from none to the whole length.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AllOf, Less, Mostly
from ripplecarry.claims.measures import is_exact_up_to, miss_at
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

LONGEST = 10_000
CELLS, DIGITS = ("rnn", "gru", "lstm"), (2, 3, 6, 10)


def _trained_on(operands: str, cell: str, digits: int) -> dict[str, object]:
    return {"operands": operands, "cell": cell, "digits": digits}


STUDY = Study(
    name="generalisation",
    question=__doc__,
    base=Trial(steps=1000, learning_rate=0.005, exactness_to=LONGEST),
    grid={"operands": ("uniform", "carry-balanced"), "cell": CELLS, "digits": DIGITS},
    claims=(
        *(
            Claim(
                f"X{number}",
                f"trained on 6 digits of {operands} operands, {cell.upper()} gets every pair right that is "
                f"tested, up to {LONGEST:,} digits",
                Mostly(is_exact_up_to(LONGEST), _trained_on(operands, cell, 6)),
            )
            for number, (operands, cell) in enumerate(
                ((operands, cell) for operands in ("uniform", "carry-balanced") for cell in CELLS), start=1
            )
        ),
        Claim(
            "X7",
            "trained on 6 digits, every cell fails less at 10,000 with carry-balanced operands",
            AllOf(
                *(
                    Less(
                        miss_at(LONGEST),
                        smaller=_trained_on("carry-balanced", cell, 6),
                        larger=_trained_on("uniform", cell, 6),
                    )
                    for cell in CELLS
                )
            ),
        ),
        Claim(
            "X8",
            "trained on 10 digits, every cell fails less at 10,000 than trained on 2",
            AllOf(
                *(
                    Less(
                        miss_at(LONGEST),
                        smaller=_trained_on("uniform", cell, 10),
                        larger=_trained_on("uniform", cell, 2),
                    )
                    for cell in CELLS
                )
            ),
        ),
        Claim(
            "X9",
            "trained on 6 digits, GRU and LSTM fail less at 10,000 than RNN",
            AllOf(
                *(
                    Less(
                        miss_at(LONGEST),
                        smaller=_trained_on("uniform", cell, 6),
                        larger=_trained_on("uniform", "rnn", 6),
                    )
                    for cell in ("gru", "lstm")
                )
            ),
        ),
    ),
)
