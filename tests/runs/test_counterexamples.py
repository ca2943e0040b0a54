"""The shortest known counterexample of a run: every verb shows it, and no file is believed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hand_made_adders import carryless_weights, exact_trial, exact_weights, keep, random_weights

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.cli import call
from ripplecarry.engines.registry import open_engine
from ripplecarry.evaluation.simplification import first_wrong
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import Trial

NEW = {"base": 10, "operands": ["909", "91"], "first_wrong_position": 2}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def carryless():
    return keep(Store(), exact_trial(10), carryless_weights(10))


@pytest.fixture
def exact():
    return keep(Store(), exact_trial(10), exact_weights(10))


def network(run):
    return open_engine().load(run.trial, run.task, run.weights)


def wrong_on(run, *operands) -> Counterexample:
    digits = [[int(digit) for digit in f"{number:06}"[::-1]] for number in operands]
    found = first_wrong(network(run), run.task, np.array([digits], dtype=np.uint8).transpose(0, 2, 1))
    assert found is not None
    return found


def test_every_verb_shows_the_same_one(carryless, capsys):
    """The longest is found first, by `add`; `certify` tries all short pairs."""
    shown = []
    for arguments in (
        ["add", carryless.id, "9090909", "1010101", "--verify"],
        ["certify", carryless.id],
        ["evaluate", carryless.id, "--lengths=3", "--samples=2"],
        ["extract", carryless.id],
        ["add", carryless.id, "9090909", "1010101", "--verify"],
        ["page", carryless.id],
    ):
        assert call(arguments) == (arguments[0] != "page")
        captured = capsys.readouterr()
        text = " ".join((captured.out + captured.err).split())
        shown.append(
            re.findall(r"(\d+ \+ \d+ = \d+, the network answers \d+ \(first wrong[^)]*\))", text)[-1]
        )
    assert set(shown[1:]) == {shown[1]}
    kept = json.loads(Store().counterexample_path(carryless.id).read_bytes())
    assert f"{kept['operands'][0]} + {kept['operands'][1]} = {kept['right']}" in shown[1]
    evaluation = json.loads(Path("results/evaluations", carryless.id, "evaluation.json").read_bytes())
    assert evaluation["is_exact"] is False
    assert "counterexample" not in evaluation


def test_a_longer_one_never_takes_the_place_of_a_shorter_one(carryless):
    store, adder = Store(), network(carryless)
    path = store.counterexample_path(carryless.id)

    def known(found=None):
        return shortest_known(carryless, store, adder, found).operands

    path.parent.mkdir()
    path.write_text(json.dumps(NEW))
    assert known() == [909, 91]
    assert json.loads(path.read_bytes()) == NEW
    first = known(wrong_on(carryless, 400, 700))
    assert first == [4, 7]  # moved down as far as it stays wrong
    before = path.read_bytes()
    assert known(wrong_on(carryless, 8, 8)) == first
    assert path.read_bytes() == before


OLD_DECIMAL = {"operands": ["909", "91"], "positions": 5, "length": 3, "first_wrong_position": 2}


def test_what_older_versions_wrote_is_read(carryless):
    store, adder = Store(), network(carryless)
    path = store.counterexample_path(carryless.id)
    path.parent.mkdir()
    path.write_text(json.dumps(OLD_DECIMAL))
    assert shortest_known(carryless, store, adder).operands == [909, 91]

    path.unlink()
    evaluation = store.evaluation_folder(carryless.id) / "evaluation.json"
    evaluation.write_text(json.dumps({"grid": [], "failure": NEW}))
    assert shortest_known(carryless, store, adder).operands == [909, 91]


def test_old_operands_are_decimal_in_any_base():
    run = keep(Store(), exact_trial(16), carryless_weights(16))
    path = Store().counterexample_path(run.id)
    path.parent.mkdir()
    path.write_text(json.dumps(OLD_DECIMAL | {"operands": ["255", "1"]}))

    assert shortest_known(run, Store(), network(run)).as_dict()["operands"] == ["ff", "1"]


@pytest.mark.parametrize(
    "content",
    [
        NEW,  # which the network answers right
        "", "{", "[]", "7", "null", "[" * 5000, {}, {"grid": []}, {"grid": [], "failure": None},
        NEW | {"operands": []}, NEW | {"operands": ["1"]}, NEW | {"operands": ["", ""]},
        NEW | {"operands": ["!", "1"]}, NEW | {"operands": ["a", "1"]}, NEW | {"operands": [1, 2]},
        NEW | {"operands": "12"}, NEW | {"operands": None}, NEW | {"operands": ["9" * 300_000, "1"]},
        NEW | {"first_wrong_position": 10**30}, NEW | {"first_wrong_position": -7},
        NEW | {"first_wrong_position": None}, NEW | {"first_wrong_position": "x"},
        {"operands": ["-1", "2"], "first_wrong_position": 0},
        {"operands": ["9" * 5000, "1"], "first_wrong_position": 0},
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_the_network_does_not_confirm_is_ignored(exact, content):
    store = Store()
    path = store.counterexample_path(exact.id)
    path.parent.mkdir()
    path.write_text(content if isinstance(content, str) else json.dumps(content))

    assert shortest_known(exact, store, network(exact)) is None


def test_a_file_does_not_say_that_nothing_is_shorter(carryless):
    path = Store().counterexample_path(carryless.id)
    path.parent.mkdir()
    path.write_text(json.dumps(NEW | {"is_shortest": True}))

    assert shortest_known(carryless, Store(), network(carryless)).is_shortest is False


def test_a_store_that_cannot_be_written_hides_no_counterexample(carryless, tmp_path):
    (tmp_path / "file").write_text("")

    found = shortest_known(
        carryless, Store(tmp_path / "file" / "store"), network(carryless), wrong_on(carryless, 5, 5)
    )

    assert found.operands == [5, 5]


def test_answers_above_base_36_are_told(capsys):
    trial = Trial(task="counter", modulus=40, base=2, hidden_size=3, embedding_size=2, digits=2)
    run = keep(Store(), trial, random_weights(trial))

    assert call(["certify", run.id]) == 1

    assert re.search(
        r"counter modulo 40 of \w+: right is \[[\d ]+\], the network answers \[", capsys.readouterr().out
    )
