"""Tables and what is said while work goes on."""

import pytest

from ripplecarry.cli import call
from ripplecarry.console import messages, output, print_curve, print_table
from ripplecarry.progress.status_line import keeps_log
from ripplecarry.progress.sweep_display import sweep_progress
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.estimate import estimated_s
from ripplecarry.sweeps.sweep import sweep

TINY = ["--hidden-size=6", "--embedding-size=3", "--batch-size=10", "--digits=3", "--steps=60"]


@pytest.mark.parametrize(
    "values", [[0.5, -1e300, 1e-5], [-1.0, -2.0, -3.0], [1e308, 0.0, 1.0], [5e-324, 0.0, 0.0], [0.0] * 3]
)
def test_curves_of_any_numbers_are_drawn_in_a_moment(values, capsys):
    print_curve("loss", [-(2**62), 0, 2**62], values)

    assert len(capsys.readouterr().out.splitlines()) == 13


def test_a_narrow_table_cuts_no_number(capsys, monkeypatch):
    monkeypatch.setattr(output, "width", 40)
    row = {
        "id": "44136fa355-native-0",
        "loss": 5.434e-09,
        "exact_match": 0.99996,
        "train_s": 123.4,
        "left": None,
    }

    print_table("runs", [row, row | {"id": "44136fa355-native-1", "left": "word " * 30}])

    shown = capsys.readouterr().out
    assert "…" not in shown
    assert all(shown.count(number) == 2 for number in ("5.434e-09", "0.99996", "123.4"))
    assert shown.count("word") == 30
    assert all(len(line) <= 40 for line in shown.splitlines())
    assert shown.count("44136fa355-native-0") > 1  # each block says whose row it is


def test_a_row_is_a_line_where_the_output_is_a_pipe(capsys):
    print_table("runs", [{"id": "44136fa355-native-0", **{f"setting_{n}": n for n in range(30)}}])

    assert len(capsys.readouterr().out.splitlines()) == 3


def test_train_says_what_comes_next_and_what_came_from_the_store(tmp_path, capsys):
    command = ["train", *TINY, "--store", str(tmp_path)]
    assert call(command) == 0
    first = capsys.readouterr().out
    assert "ripplecarry evaluate" in first
    assert "nothing was trained" not in first

    assert call(command) == 0
    assert "the store has this run already; nothing was trained" in capsys.readouterr().out

    assert call([*command, "--task", "subtraction"]) == 0
    assert "ripplecarry evaluate" in capsys.readouterr().out


def test_a_sweep_says_how_many_runs_it_is_before_it_begins(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(messages, "print", lambda words: said.append(words))
    requests = [
        RunRequest(Trial(hidden_size=4, embedding_size=2, digits=2, steps=10), seed, "torch")
        for seed in (0, 1)
    ]
    before = keeps_log.set(True)
    for wanted in (requests[:1], requests, requests):
        with sweep_progress() as display:
            sweep(wanted, Store(tmp_path), num_workers=1, listener=display)
    keeps_log.reset(before)

    assert said[0].startswith("1 run, none of them in the store; 1 at a time, about 0:0")
    assert said[1].startswith("2 runs, 1 of them in the store; 1 at a time, about")
    assert said[2] == "2 runs, 2 of them in the store"


def test_an_estimate_grows_with_the_work_and_falls_with_workers(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr("ripplecarry.sweeps.estimate.time.perf_counter", lambda: float(next(clock)))
    trial = Trial(hidden_size=4, embedding_size=2, digits=2, steps=10)

    assert estimated_s([RunRequest(trial, 0, "torch")], 1) == pytest.approx(10)
    assert estimated_s([RunRequest(trial, seed, "torch") for seed in range(4)], 2) == pytest.approx(20)
    assert estimated_s([RunRequest(Trial(certify=True), 0, "torch")], 1) is None
