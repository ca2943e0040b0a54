"""How far do proofs reach? Narrow, wide and deep networks, and three operands, trained until certified."""

from ripplecarry.lab.study import Study
from ripplecarry.studies.certified import BASE

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
    grid={
        "cell": ("rnn", "gru", "lstm"),
        ("hidden_size", "layers", "num_operands"): tuple(SHAPES.values()),
    },
    seeds=5,
)
