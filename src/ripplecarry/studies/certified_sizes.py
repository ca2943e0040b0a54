"""How far do proofs reach? Narrow, wide and deep networks, and three operands, trained until certified."""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AllOf, Mostly
from ripplecarry.claims.measures import is_certified
from ripplecarry.claims.study import Study
from ripplecarry.studies.certified import BASE

CELLS = ("rnn", "gru", "lstm")
SETTINGS = ("hidden_size", "layers", "num_operands")
SHAPES = {
    "16 units": (16, 1, None),
    "32 units": (32, 1, None),
    "128 units": (128, 1, None),
    "3 layers": (64, 3, None),
    "three operands": (64, 1, 3),
}

STUDY = Study(
    name="certified_sizes",
    question=__doc__,
    base=BASE,
    grid={"cell": CELLS, SETTINGS: tuple(SHAPES.values())},
    claims=tuple(
        Claim(
            f"S{number}",
            f"with {name}, all three cells are certified",
            AllOf(
                *(
                    Mostly(is_certified(), {"cell": cell} | dict(zip(SETTINGS, values, strict=True)))
                    for cell in CELLS
                )
            ),
        )
        for number, (name, values) in enumerate(SHAPES.items(), start=1)
    ),
    seeds=6,
)
