"""Which cell learns fastest? RNN, LSTM and GRU, as in the report's figure 5."""

from itertools import combinations

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import AboutEqual, AllOf, Within, slowest
from ripplecarry.claims.measures import area, last
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

CELLS = ("rnn", "lstm", "gru")
METRICS = ("loss", "exact_match")

STUDY = Study(
    name="cell",
    question=__doc__,
    base=Trial(steps=500),
    grid={"cell": CELLS},
    claims=(
        Claim(
            "C1",
            "RNN and GRU learn about equally fast",
            AllOf(*(AboutEqual(area(m), {"cell": "rnn"}, {"cell": "gru"}) for m in METRICS)),
        ),
        Claim(
            "C2",
            "LSTM is a little slower than both in loss and exact match",
            AllOf(*(slowest(area(metric), cell="lstm") for metric in METRICS)),
        ),
        Claim(
            "C3",
            "the final exact match of the three hardly differs",
            AllOf(
                *(
                    Within(last("exact_match"), {"cell": first}, {"cell": second}, margin=0.01)
                    for first, second in combinations(CELLS, 2)
                )
            ),
        ),
    ),
    report_figure=5,
)
