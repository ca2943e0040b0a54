"""Which cells learn to add at every length that is tested?

Beside the report's three: cells whose gates do not see the state, and linear recurrences with eigenvalues
in [0, 1] and in [-1, 1]. All are trained on carry-balanced pairs of up to ten digits.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Mostly
from ripplecarry.claims.measures import is_exact_up_to
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

LONGEST = 10_000
CELLS = ("rnn", "gru", "lstm", "mingru", "minlstm", "diagonal", "diagonal_signed")

STUDY = Study(
    name="cells_adding",
    question=__doc__,
    base=Trial(steps=1500, learning_rate=0.005, digits=10, operands="carry-balanced", exactness_to=LONGEST),
    grid={"cell": CELLS},
    claims=tuple(
        Claim(
            f"A{number}",
            f"{cell} gets every pair right that is tested, up to {LONGEST:,} digits",
            Mostly(is_exact_up_to(LONGEST), {"cell": cell}),
        )
        for number, cell in enumerate(CELLS, start=1)
    ),
)
