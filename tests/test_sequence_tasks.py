"""Every state-tracking task from training to the page."""

import json

import pytest

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError

TASKS = [
    {"task": "parity"}, {"task": "cycle_navigation"}, {"task": "group", "group": "s3"},
    {"task": "dyck", "depth": 2, "kinds": 2}, {"task": "flip_flop"},
    {"task": "remainder", "modulus": 3, "digit_order": "most-first"},
    {"task": "machine", "machine": {"next_state": [[1], [0], [2]], "output": [[0], [1], [2]]}},
]  # fmt: skip
"""The last has one symbol and a state that nothing leads to."""
SMALL = {"layers": 1, "hidden_size": 4, "embedding_size": 2, "digits": 2, "steps": 2, "batch_size": 4}


@pytest.mark.parametrize("settings", TASKS, ids=lambda settings: settings["task"])
def test_a_run_goes_from_training_to_page_and_model(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    run = rc.train(**settings, **SMALL)

    found = rc.certify(run.id)
    assert found.sentence.startswith(f"{run.task.name} of [")
    assert rc.certify(run.id).sentence == found.sentence  # read back from the store
    assert rc.export(run.id, onnx=True)[0].is_file()
    assert "counterexample" in rc.page(run.id, out="page.html").path.read_text()
    assert not rc.evaluate(run.id, lengths=3, samples=10).is_exact
    with pytest.raises(ConfigurationError, match="reads a sequence and no numbers"):
        rc.add(run.id, "1")


def test_a_base_without_effect_is_refused_and_tables_count_symbols(tmp_path, capsys):
    trained = ["train", "--task", "parity", "--hidden-size", "4", "--digits", "3", "--steps", "2"]
    store = ["--store", str(tmp_path)]
    assert call([*trained, *store, "--base", "10"]) == 2
    assert "parity has symbols of its own; leave out base, which is 10" in capsys.readouterr().err

    assert call([*trained, *store]) == 0
    assert call(["evaluate", "last", "--lengths", "4", "--samples", "10", *store]) == 1
    printed = capsys.readouterr().out
    assert "\nsymbols  inputs  exact match  symbol accuracy" in printed
    assert "by length: wrong from 1 symbol on" in printed
    assert "digits  " not in printed


def test_evaluate_gives_the_literatures_score_beside_exact_match(tmp_path, capsys):
    store = ["--store", str(tmp_path)]
    settings = {"task": "parity", "layers": 1, "hidden_size": 4, "embedding_size": 2, "digits": 3}
    rc.train(**settings, steps=2, batch_size=4, store=tmp_path)

    assert call(["evaluate", "last", "--lengths", "50", "--samples", "10", "--json", *store]) == 1
    score = json.loads(capsys.readouterr().out)["length_generalisation"]
    assert 0.3 < score["last_accuracy"] < 0.7  # it guesses
    assert score["exact_match"] < 0.1
    assert [each["length"] for each in score["by_length"]] == list(range(41, 51))
    assert call(["evaluate", "last", "--lengths", "40", "--samples", "10", *store]) == 1
    assert "accuracy of the last answer" not in capsys.readouterr().out
