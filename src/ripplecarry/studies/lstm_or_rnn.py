"""LSTM or RNN? Loss, exact match and wall time separately, each cell at its own best learning rate.

The report, like others, compared cells at one common rate. Here the best of five rates by mean loss is
chosen for each cell on seeds 0 to 3, and the other eight seeds judge.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import LessAtBest
from ripplecarry.claims.measures import Measure, area, seconds_per_step
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

RATES = (0.001, 0.003, 0.01, 0.02, 0.03)
CHOOSING_SEEDS = 4


def rnn_is_below_lstm(measure: Measure) -> LessAtBest:
    """The measure of RNN is below that of LSTM, each at its best rate."""
    rnn, lstm = (tuple({"cell": cell, "learning_rate": rate} for rate in RATES) for cell in ("rnn", "lstm"))
    return LessAtBest(measure, rnn, lstm, chosen_by=area("loss"), split=CHOOSING_SEEDS)


STUDY = Study(
    name="lstm_or_rnn",
    question=__doc__,
    base=Trial(steps=500),
    grid={"cell": ("rnn", "lstm", "gru"), "learning_rate": RATES},
    claims=(
        Claim("W1", "at its best rate RNN's loss falls faster", rnn_is_below_lstm(area("loss"))),
        Claim(
            "W2",
            "at its best rate RNN gains exact match faster",
            rnn_is_below_lstm(area("exact_match")),
        ),
        Claim("W3", "a step of RNN takes less time", rnn_is_below_lstm(seconds_per_step())),
    ),
)
