"""How wide must a network be to add exactly, and how often does one of that width get there?

A network counts as exact if it gets every hard case of the training length right: long carry runs and
idle runs, one digit pair repeated, all nines, patterns.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Falls, Mostly
from ripplecarry.claims.measures import area, is_never_exact, is_right_at_the_end
from ripplecarry.claims.study import Study
from ripplecarry.runs.readings import HARD
from ripplecarry.runs.trial import Trial

CELLS, WIDTHS = ("rnn", "gru", "lstm"), (2, 4, 8, 16, 32, 64)

STUDY = Study(
    name="width",
    question=__doc__,
    base=Trial(steps=1000, learning_rate=0.005, digits=6, exactness_to=1000),
    grid={"cell": CELLS, "hidden_size": WIDTHS},
    claims=tuple(
        claim
        for number, cell in enumerate(CELLS)
        for claim in (
            Claim(
                f"H{3 * number + 1}",
                f"with 64 units, {cell.upper()} is exact on all hard cases at the end",
                Mostly(is_right_at_the_end(HARD), {"cell": cell, "hidden_size": 64}),
            ),
            Claim(
                f"H{3 * number + 2}",
                f"with 4 units, {cell.upper()} never is",
                Mostly(is_never_exact(), {"cell": cell, "hidden_size": 4}),
            ),
            Claim(
                f"H{3 * number + 3}",
                f"the wider {cell.upper()}, the faster it gets hard cases right",
                Falls(
                    area(HARD),
                    "hidden_size",
                    tuple({"cell": cell, "hidden_size": width} for width in WIDTHS),
                ),
            ),
        )
    ),
)
