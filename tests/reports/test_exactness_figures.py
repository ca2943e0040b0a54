"""What a study says of exactness: its summary, figures and heat maps."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_up_runs import MadeUpRun

from ripplecarry.arithmetic.longest_runs import run_kinds
from ripplecarry.claims.study import Study
from ripplecarry.reports.exactness_figures import draw_exactness, draw_success
from ripplecarry.reports.heat_maps import draw_study_heat_maps
from ripplecarry.reports.summary import CaseSummary, success
from ripplecarry.runs.trial import Trial

STUDY = Study(
    name="widths",
    question="How wide?",
    base=Trial(steps=100, exactness_to=10),
    grid={"cell": ("rnn", "gru"), "hidden_size": (2, 4, 8)},
)

CASE = CaseSummary("one", 2, 0, 0.1, 1.0, 1.0, 1.0, (50, 50), 2, 100.0)


class ExactnessRun(MadeUpRun):
    exact_from_step = None
    exact_from_s = None
    exactness = None


def make(trial, seed, exact_from):
    run = ExactnessRun(trial, seed, pd.DataFrame(), state={"exact_from_step": exact_from})
    share = 1.0 if exact_from is not None else 0.5
    rows = [
        {"kind": kind, "length": length, "run": reach, "num_pairs": 10, "num_exact": int(10 * share)}
        for kind in run_kinds(trial.build_task())
        for length in (1, 3, 10)
        for reach in range(length + 1)
    ]
    object.__setattr__(run, "exactness", pd.DataFrame(rows))
    object.__setattr__(run, "exact_from_step", exact_from)
    object.__setattr__(run, "exact_from_s", None if exact_from is None else exact_from / 100)
    return run


@pytest.fixture
def runs():
    return [
        make(case.trial, seed, 100 * seed if case.trial.hidden_size > 2 and seed < 5 else None)
        for case in STUDY.cases()
        for seed in range(6)
    ]


def test_success_counts_seeds_and_censors_those_that_never_arrive(runs):
    trial = STUDY.cases()[1].trial
    found = success([run for run in runs if run.trial == trial])

    assert found is not None
    assert (found.num_exact, found.num_seeds) == (5, 6)
    assert found.share[1:] == pytest.approx((0.3588, 0.9958), abs=1e-4)
    assert found.median_step == (250, 0, np.inf)
    assert found.as_row() == {
        "exact on hard cases": "5 of 6 (0.36 to 1.00)",
        "from step": "250 (0 to never)",
        "from s": "2.5 (0 to never)",
    }


def test_only_a_share_of_1_is_written_as_1():
    case = replace(CASE, exact_match=0.9997, exact_match_low=0.5, exact_match_high=1.0)

    assert case.as_row()["exact match"] == "0.999"
    assert case.as_row()["range"] == "0.500 to 1.000"


def test_who_never_arrives_says_never(runs):
    found = success([run for run in runs if run.trial == STUDY.cases()[0].trial])

    assert found is not None
    assert found.as_row()["from step"] == "never"


def test_runs_of_before_have_no_success(runs):
    runs[0].state.clear()

    assert success(runs[:2]) is None


def test_figures_show_lengths_success_and_a_heat_map_a_trial(runs, tmp_path):
    paths = [
        path
        for draw in (draw_exactness, draw_success, draw_study_heat_maps)
        for path in draw(STUDY, runs, tmp_path)
    ]

    assert {path.name for path in paths if path.suffix == ".svg"} == {
        "widths_exactness.svg",
        "widths_success.svg",
        "widths_carry_runs.svg",
        "widths_idle_runs.svg",
    }
    pictures = {path.stem: path.read_text() for path in paths if path.suffix == ".svg"}
    assert ">length</text>" in pictures["widths_exactness"]
    assert "Clopper" in pictures["widths_success"]
    assert pictures["widths_idle_runs"].count("hidden size 8") == 2


def test_tasks_stand_in_the_heat_maps_of_their_own_kinds_of_runs(tmp_path):
    tasks = Study(
        name="tasks",
        question="?",
        base=Trial(steps=100, exactness_to=10),
        grid={"task": ("addition", "comparison", "subtraction")},
    )
    theirs = [make(case.trial, seed, 3) for case in tasks.cases() for seed in range(2)]

    paths = [
        path for draw in (draw_exactness, draw_study_heat_maps) for path in draw(tasks, theirs, tmp_path)
    ]

    assert {path.name for path in paths if path.suffix == ".svg"} == {
        "tasks_exactness.svg", "tasks_carry_runs.svg", "tasks_idle_runs.svg", "tasks_reset-free_runs.svg",
    }  # fmt: skip
    words = (tmp_path / "tasks_reset-free_runs.svg").read_text()
    assert "longest reset-free run" in words
    assert ("task comparison" in words, "task addition" in words) == (True, False)


def test_studies_without_numbers_or_exactness_draw_none_of_it(runs, tmp_path):
    names = Study(name="names", question="?", base=Trial(steps=100), grid={"cell": ("rnn", "gru")})
    theirs = [make(case.trial, 0, 3) for case in names.cases()]

    assert draw_exactness(names, theirs, tmp_path) == []
    assert draw_success(names, theirs, tmp_path) == []
    assert draw_study_heat_maps(names, theirs, tmp_path) == []
