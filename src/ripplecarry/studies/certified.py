"""Can training lead to a proof? Three cells with one and two layers, trained until certified.

A certificate proves that every sum of every length is right. No seed is replaced by another.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Mostly
from ripplecarry.claims.measures import is_certified
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

CELLS, LAYERS = ("rnn", "gru", "lstm"), (1, 2)
BASE = Trial(certify=True, digits=6, batch_size=100, steps=600)

STUDY = Study(
    name="certified",
    question=__doc__,
    base=BASE,
    grid={"cell": CELLS, "layers": LAYERS},
    claims=tuple(
        Claim(
            f"V{number}",
            f"{cell.upper()} with {layers} {'layer' if layers == 1 else 'layers'} is certified",
            Mostly(is_certified(), {"cell": cell, "layers": layers}),
        )
        for number, (cell, layers) in enumerate(((c, k) for c in CELLS for k in LAYERS), start=1)
    ),
    seeds=20,
)
