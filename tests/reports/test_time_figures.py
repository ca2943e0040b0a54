"""The spread of times to exactness."""

import numpy as np
import pytest
from made_up_runs import make_run

from ripplecarry.claims.study import Study
from ripplecarry.reports.time_figures import FEWEST_SEEDS, band_margin, draw_times
from ripplecarry.runs.trial import Trial

STUDY = Study(name="times", question="When?", base=Trial(steps=500), grid={"cell": ("rnn", "gru")})


def runs_of(count: int):
    """So many runs a cell, of which the first are exact from step 100 on, the others never."""
    steps = np.arange(0, 500, 50)
    for cell in ("rnn", "gru"):
        for seed in range(count):
            step = 100 if seed < count / 3 else None
            trial = Trial(steps=500, cell=cell)
            run = make_run(trial, seed, 1.0, steps / 500, exact_from_step=step, exact_from_s=step)
            run.state["exact_from_step"] = step
            yield run


def test_many_seeds_are_drawn_as_a_curve_and_its_band(tmp_path):
    png, svg = draw_times(STUDY, list(runs_of(FEWEST_SEEDS)), tmp_path)

    assert png.read_bytes().startswith(b"\x89PNG")
    for words in ("share of seeds exact from then on", "Massart", "gru"):
        assert words in svg.read_text()


def test_few_seeds_are_not(tmp_path):
    assert draw_times(STUDY, list(runs_of(FEWEST_SEEDS - 1)), tmp_path) == []


def test_the_bands_margin_is_massarts_and_holds_the_curve_as_often_as_it_says():
    assert band_margin(1000) == pytest.approx(0.04295, abs=1e-5)
    drawn = np.sort(np.random.default_rng(0).random((2000, 50)), axis=1)
    above = np.abs(drawn - np.arange(1, 51) / 50).max(axis=1)
    below = np.abs(drawn - np.arange(50) / 50).max(axis=1)
    missed = np.mean(np.maximum(above, below) > band_margin(50))
    assert 0.03 < missed < 0.06
