"""Which cell learns fastest? RNN, LSTM and GRU, as in the report's figure 5."""

from ripplecarry.lab.study import Study
from ripplecarry.lab.trial import Trial

STUDY = Study(
    name="cell",
    question=__doc__,
    base=Trial(steps=500),
    grid={"cell": ("rnn", "lstm", "gru")},
    report_figure=5,
)
