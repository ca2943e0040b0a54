import numpy as np
import pytest

from ripplecarry.runs.trial import Trial

KINDS = [
    {},
    {"lengths": "mixed"},
    {"operands": "carry-balanced"},
    {"operands": "carry-balanced", "lengths": "mixed", "base": 3},
    {"task": "times", "factor": 7, "lengths": "mixed"},
    {"task": "comparison", "operands": "balanced", "lengths": "mixed"},
]


@pytest.mark.parametrize("settings", KINDS)
def test_steps_drawn_together_are_those_drawn_alone(settings):
    source = Trial(digits=5, batch_size=12, **settings).training_batches(4)

    for step, batch in enumerate(source.draw_steps(7, 3), start=7):
        alone = source.draw(step)
        assert (batch.operands == alone.operands).all()
        assert (batch.answers == alone.answers).all()
    assert (source.draw(7).operands != source.draw(8).operands).any()


def test_mixed_lengths_hold_short_numbers_as_often_as_long_ones():
    operands = Trial(digits=4, batch_size=8000, lengths="mixed").training_batches(0).draw(0).operands

    used = operands.any(axis=2)
    lengths = np.where(used.any(axis=1), used.shape[1] - used[:, ::-1].argmax(axis=1), 0)
    # 1 in 100 has a leading pair of zeros, and counts as shorter.
    assert np.bincount(lengths, minlength=5)[1:5] / 8000 == pytest.approx(np.full(4, 0.25), abs=0.03)
