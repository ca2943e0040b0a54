"""`ripplecarry compare`, and curves as event files."""

import json
import sys
from pathlib import Path

import pytest
import safetensors.numpy
from hand_made_adders import exact_trial, exact_weights, keep
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.reports import comparison
from ripplecarry.runs.imported_run import import_run
from ripplecarry.runs.store import Store

TINY = {"hidden_size": 6, "embedding_size": 3, "batch_size": 10, "digits": 3, "steps": 60}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pair():
    return [rc.train(**TINY), rc.train(**TINY, cell="gru", seed=7)]


def refused(arguments, capsys):
    """The one line that these arguments are refused with, with status 2."""
    assert call(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def test_a_comparison_shows_what_differs_what_came_out_and_one_figure(pair, capsys):
    first, second = pair

    assert call(["compare", first.id, second.id, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["runs"] == [first.id, second.id]
    assert report["settings"] == {"cell": ["rnn", "gru"], "seed": [0, 7]}
    for metric in first.state["last"]:
        assert report["outcomes"][metric] == [run.state["last"][metric] for run in pair]
    assert report["outcomes"]["steps_done"] == [60, 60]
    assert report["outcomes"]["proof"] == ["none", "none"]
    png, svg = map(Path, report["figures"])
    assert png.read_bytes().startswith(b"\x89PNG")
    picture = svg.read_text()
    for words in ("cell rnn, seed 0", "cell gru, seed 7", "training loss", "on the hard cases"):
        assert words in picture

    assert call(["compare", first.id, second.id]) == 0
    shown = capsys.readouterr().out
    for words in ("settings that differ", first.id, second.id, "gru", "exact match hard", str(png)):
        assert words in shown
    assert "batch size" not in shown


def test_a_curve_is_drawn_as_it_is(pair, monkeypatch):
    drawn = []
    monkeypatch.setattr(comparison, "save", lambda figure, *_: drawn.append(figure))

    comparison.draw_comparison(pair, Path("figures"))

    axes = drawn[0].axes[0]
    for run, line in zip(pair, axes.get_lines(), strict=True):
        assert line.get_xdata().tolist() == run.curves.step.tolist()
        assert line.get_ydata().tolist() == run.curves.loss.tolist()


def test_weights_from_elsewhere_compare_without_curves(pair, capsys, tmp_path):
    others = {name: 2 * array for name, array in pair[0].weights.items()}
    Path("net.safetensors").write_bytes(safetensors.numpy.save(others))
    imported = import_run(Path("net.safetensors"), 3, Store("results"))
    other = keep(Store("results"), exact_trial(10), exact_weights(10))

    assert call(["compare", imported.id, pair[1].id, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["outcomes"]["loss"][0] is None
    figure = next(Path(each) for each in report["figures"] if each.endswith(".svg")).read_text()
    assert "engine native" in figure
    assert "learning rate" not in figure  # of the other nobody knows it

    again = import_run(Path("net.safetensors"), 4, Store("results"))
    assert call(["compare", imported.id, again.id]) == 0
    assert "no run has curves" in capsys.readouterr().out
    assert call(["compare", other.id, pair[1].id]) == 0


def test_what_cannot_be_compared_is_refused(pair, capsys):
    first, _ = pair

    assert "at least two runs, not 0" in refused(["compare"], capsys)
    assert "at least two runs, not 1" in refused(["compare", first.id], capsys)
    assert f"run {first.id} was given twice" in refused(["compare", first.id, str(first.folder)], capsys)
    assert "no run 'none'" in refused(["compare", first.id, "none"], capsys)


def test_event_files_hold_every_reading(pair, capsys):
    ids = [run.id for run in pair]

    assert call(["compare", *ids, "--tensorboard", "new/events", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tensorboard"] == [f"new/events/{run_id}" for run_id in ids]
    assert sorted(path.name for path in Path("new/events").iterdir()) == sorted(ids)

    for run in pair:
        events = EventAccumulator(f"new/events/{run.id}", size_guidance={"scalars": 0})
        events.Reload()
        assert sorted(events.Tags()["scalars"]) == sorted(run.curves.columns.drop("step"))
        for metric in ("loss", "exact_match"):
            read = run.curves[["step", metric]].dropna()
            kept = [(event.step, event.value) for event in events.Scalars(metric)]
            assert [step for step, _ in kept] == read.step.tolist()
            assert [value for _, value in kept] == pytest.approx(read[metric].tolist())


def test_runs_writes_those_it_lists_or_shows(pair, capsys):
    first, second = pair

    assert call(["runs", "--where", "cell = 'gru'", "--tensorboard", "listed", "--json"]) == 0
    captured = capsys.readouterr()
    assert [row["id"] for row in json.loads(captured.out)] == [second.id]
    assert "tensorboard --logdir listed" in captured.err
    assert [path.name for path in Path("listed").iterdir()] == [second.id]

    assert call(["runs", first.id, "--tensorboard", "shown"]) == 0
    assert [path.name for path in Path("shown").iterdir()] == [first.id]


@pytest.mark.parametrize("command", ["compare", "runs"])
def test_event_files_are_never_doubled_and_bad_folders_are_one_line(command, pair, capsys):
    arguments = [command, *(run.id for run in pair)] if command == "compare" else [command]
    Path("file").write_text("")
    assert "cannot write to file" in refused([*arguments, "--tensorboard", "file"], capsys)

    (Path("events") / pair[1].id).mkdir(parents=True)
    assert f"events/{pair[1].id} exists already" in refused([*arguments, "--tensorboard=events"], capsys)
    assert [path.name for path in Path("events").iterdir()] == [pair[1].id]


def test_without_the_package_tensorboard_there_is_one_line(pair, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)

    line = refused(["compare", *(run.id for run in pair), "--tensorboard", "events"], capsys)
    assert "pip install 'ripplecarry[tensorboard]'" in line
    assert not Path("events").exists()
    assert not Path("results/comparisons").exists()
