"""`ripplecarry evaluate` and `rc.evaluate`: runs, weights from elsewhere, modules, functions and files."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from hand_made_adders import carryless_weights, exact_trial, exact_weights, keep, random_weights

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.networks.adder import Adder
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import Trial

RIGHT = """
def build_model():
    return "a model", {"exact_match": 0.0, "author": "nobody"}

def add(model, a, b):
    assert model == "a model"
    return a + b
"""

WRONG = """
def build_model():
    return {}

def add(model, a, b):
    return a + b + (a == 9 and b == 4)
"""


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def exact():
    return keep(Store("results"), exact_trial(10), exact_weights(10))


def said(capsys):
    return json.loads(capsys.readouterr().out)


def test_an_exact_run_passes_with_status_0(exact, capsys):
    assert call(["evaluate", exact.id, "--lengths", "40", "--samples", "20"]) == 0

    shown = capsys.readouterr().out
    assert re.search(r"^ +1 +100 +1 +1 +0, as all others +55 of 55, all there are +1$", shown, re.MULTILINE)
    for words in ("by longest carry run", "by longest idle run", "hard cases", "nothing failed"):
        assert words in shown
    folder = Path("results/evaluations", exact.id)
    assert {path.name for path in folder.iterdir()} == {"evaluation.json", "grid.png", "grid.svg"}
    kept = json.loads((folder / "evaluation.json").read_text())
    assert kept["lengths"] == [1, 2, 3, 6, 10, 15, 30, 40]
    assert kept["is_exact"] is True
    assert {cell["run"] for cell in kept["grid"] if cell["length"] == 40} == {*range(11), 20, 40}


def test_a_wrong_run_has_status_1_and_shows_its_shortest_wrong_sum(capsys):
    run = keep(Store("results"), exact_trial(10), carryless_weights(10))

    assert call(["evaluate", run.id[:6], "--lengths=9", "--samples=20"]) == 1
    shown = capsys.readouterr().out
    words = re.search(
        r"(\d+) \+ (\d+) = (\d+), the network answers (\d+) \(first wrong at position 1\)", shown
    )
    assert words is not None
    assert re.search(r"^Sums by length: .*wrong from .*hard cases: wrong on", shown, re.MULTILINE)

    assert call(["evaluate", run.id, "--lengths=9", "--samples=20", "--json"]) == 1
    found = said(capsys)["counterexample"]
    first, second = map(int, found["operands"])
    assert int(found["right"]) == first + second != int(found["answer"])
    assert found["length"] <= 2
    assert rc.add(run, first, second) == int(found["answer"])
    assert (*found["operands"], found["right"], found["answer"]) == words.groups()


def test_numbers_too_long_for_integers_as_text_are_told(text_of_640_digits, capsys):
    trial = exact_trial(10)
    weights = exact_weights(10)
    weights["rnn.weight_hh_l0"] *= np.float32(0.3)
    run = keep(Store("results"), trial, weights)

    status = call(["evaluate", run.id, "--lengths=900", "--samples=2", "--json"])

    assert status == 1
    assert said(capsys)["is_exact"] is False


def test_a_file_is_run_with_a_word_and_not_believed(capsys):
    Path("right.py").write_text(RIGHT)
    Path("wrong.py").write_text(WRONG)

    assert call(["evaluate", "--adder=right.py", "--max-digits=1", "--json"]) == 0
    captured = capsys.readouterr()
    assert "running the code of right.py" in captured.err
    assert json.loads(captured.out)["search"] == []

    # Of 100 pairs of one digit one is wrong, and all are tried.
    assert call(["evaluate", "--adder=wrong.py", "--max-digits=1", "--samples=100", "--json"]) == 1
    assert said(capsys)["counterexample"]["operands"] == ["9", "4"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("def add(model, a, b): return a + b", "defines no function build_model"),
        ("def build_model(): return 1", "defines no function add"),
        ("def build_model(:", "SyntaxError"),
        ("raise RuntimeError('no\\nluck')", "RuntimeError: no luck"),
        ("add = 1\ndef build_model(): return 1 / 0", "no function add"),
        ("def add(*a): return 0\ndef build_model(): return 1 / 0", "build_model(): ZeroDivisionError"),
    ],
)
def test_a_file_that_is_no_adder_is_one_line(content, words, capsys):
    Path("adder.py").write_text(content)

    assert call(["evaluate", "--adder=adder.py"]) == 2

    _, line = capsys.readouterr().err.splitlines()
    assert words in line


def test_a_failing_adder_is_wrong_and_its_first_complaint_is_told(capsys):
    Path("adder.py").write_text("def build_model(): return 0\ndef add(m, a, b): raise ValueError('tired')")

    assert call(["evaluate", "--adder=adder.py", "--max-digits=1"]) == 1

    captured = capsys.readouterr()
    assert "ValueError: tired" in captured.err
    assert "the network answers no number of these digits" in captured.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a run, or --adder"),
        (["x", "--adder=a.py"], "one of them"),
        (["nothing", "--max-digits=9"], "--max-digits is for files"),
        (["--adder=none.py"], "no adder file none.py"),
        (["nothing"], "no run 'nothing'"),
        (["nothing", "--lengths=0"], "--lengths is 0"),
        (["nothing", "--samples=-1"], "--samples is -1"),
        (["none.safetensors"], "cannot read none.safetensors: No such file"),
        (["rubbish.safetensors"], "rubbish.safetensors holds no weights"),
        (["--adder=right.py", "--max-digits=5", "--lengths=9"], "lengths to 9 are beyond the 5 digits"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, words, capsys):
    Path("rubbish.safetensors").write_bytes(bytes(range(200)))
    Path("right.py").write_text(RIGHT)

    assert call(["evaluate", *arguments]) == 2

    captured = capsys.readouterr()
    assert words in captured.err.splitlines()[-1]
    assert captured.out == ""


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_weights_from_elsewhere_become_a_run(cell, capsys):
    trial = Trial(cell=cell, layers=2, hidden_size=6, embedding_size=3, digits=4)
    weights = random_weights(trial)
    Path("net.safetensors").write_bytes(safetensors.numpy.save(weights))

    for words in ("imported as run", "these are the weights of run"):
        assert call(["evaluate", "net.safetensors", "--max-digits=4", "--lengths=4", "--json"]) == 1
        assert words in capsys.readouterr().err

    (run_id,) = Store("results").ids()
    run = Store("results").open(run_id).verify()
    assert (run.trial.cell, run.trial.layers, run.trial.hidden_size, run.trial.digits) == (cell, 2, 6, 4)
    assert all((run.weights[name] == weights[name]).all() for name in weights)
    capsys.readouterr()
    assert call(["runs"]) == call(["runs", run_id]) == 0
    assert "hidden_size 6" in (shown := capsys.readouterr().out)
    assert "learning_rate" not in shown
    assert rc.add(run, 12, 7) >= 0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda w: w.pop("dense.bias"), "dense.bias is missing"),
        (lambda w: w.pop("embed_layer.weight"), "not a state dict of the report's networks"),
        (lambda w: w.update({"extra": np.zeros(1, np.float32)}), "extra is 1; an RNN"),
        (lambda w: w.update({"dense.bias": np.full(10, np.nan, np.float32)}), "finite"),
        (lambda w: w.update({"dense.bias": np.zeros(10, np.int32)}), "weights are finite numbers"),
        (lambda w: w.update({"rnn.weight_hh_l0": np.zeros((7, 3), np.float32)}), "7x3"),
    ],
)
def test_weights_of_another_layout_are_refused(damage, words, capsys):
    weights = random_weights(Trial(layers=1, hidden_size=5, embedding_size=2))
    damage(weights)
    Path("net.safetensors").write_bytes(safetensors.numpy.save(weights))

    assert call(["evaluate", "net.safetensors"]) == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert not Store("results").ids()


def test_functions_and_modules_are_evaluated_from_python(exact):
    assert rc.evaluate(exact, lengths=30, samples=20).is_exact
    assert rc.evaluate(lambda a, b: a + b, max_digits=3, samples=5).is_exact
    assert not rc.evaluate(lambda a, b: a ^ b, max_digits=2).is_exact

    module = Adder.build(exact.trial, exact.task, exact.weights)
    assert rc.evaluate(module, max_digits=5, samples=10).is_exact

    class TwoTensors(torch.nn.Module):
        """As the report's networks are called; logits of all positions in one axis."""

        def __init__(self):
            super().__init__()
            self.inner = module

        def forward(self, first, second):
            return self.inner(torch.stack([first, second], dim=-1)).flatten(0, 1)

    found = rc.evaluate(TwoTensors(), max_digits=4, samples=10)
    assert found.is_exact
    assert found.searches


@pytest.mark.parametrize(
    ("adder", "words"), [(3, "3 is not an adder"), (torch.nn.Flatten(), "the module failed")]
)
def test_what_is_no_adder_is_refused(adder, words):
    with pytest.raises(rc.errors.ConfigurationError, match=words):
        rc.evaluate(adder)
    with pytest.raises(rc.errors.ConfigurationError, match="max_digits is 0"):
        rc.evaluate(adder, max_digits=0)


def test_time_to_exactness_is_where_the_hard_cases_stay_right(capsys):
    run = rc.train(digits=3, layers=1, steps=500, learning_rate=0.01, exactness_to=100)

    read = run.curves[["step", "exact_match_hard"]].dropna()
    assert run.exact_from_step is not None
    assert (read.exact_match_hard[read.step >= run.exact_from_step] == 1).all()
    before = read[read.step < run.exact_from_step]
    assert before.exact_match_hard.iloc[-1] < 1
    assert 0 < run.exact_from_s < run.state["train_s"]
    assert set(run.exactness.length) == {1, 3, 10, 30, 100}

    assert call(["runs", "--where", "exact_from_step > 0", "--json"]) == 0
    (row,) = said(capsys)
    assert row["exact_from_step"] == run.exact_from_step


def test_code_that_ends_the_process_or_prints_neither_passes_nor_spoils_the_output(capsys):
    Path("quits.py").write_text("def build_model(): return 0\ndef add(m, a, b): raise SystemExit(0)")
    Path("gone.py").write_text("raise SystemExit(0)")
    Path("loud.py").write_text(
        "def build_model(): print('built')\ndef add(m, a, b):\n    print(a); return a + b"
    )

    assert call(["evaluate", "--adder=quits.py", "--max-digits=1"]) == 1
    assert call(["evaluate", "--adder=gone.py", "--max-digits=1"]) == 2
    capsys.readouterr()
    assert call(["evaluate", "--adder=loud.py", "--max-digits=1", "--json"]) == 0
    assert said(capsys)["is_exact"]


def test_a_shallower_evaluation_does_not_replace_a_deeper_one(tmp_path, capsys):
    run = rc.train(store=tmp_path, hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=60)
    path = tmp_path / "evaluations" / run.id / "evaluation.json"
    rc.evaluate(run, lengths=5, samples=10, store=tmp_path)
    deep = path.read_bytes()

    assert call(["evaluate", run.id, "--lengths=3", "--samples=10", "--store", str(tmp_path)]) == 1
    assert "the store keeps an earlier evaluation, which tested longer numbers" in capsys.readouterr().err
    assert path.read_bytes() == deep
    assert rc.evaluate(run, lengths=6, samples=10, store=tmp_path).is_kept
    assert path.read_bytes() != deep


def test_a_wrong_answer_known_from_before_is_not_told_as_one_of_these_pairs(tmp_path):
    exact = rc.evaluate(lambda a, b: a + b, max_digits=2)
    assert exact.sentence.startswith("nothing failed of ")
    wrong = rc.evaluate(lambda a, b: 0, max_digits=1).counterexample

    assert "but a wrong answer is known from before: " in replace(exact, counterexample=wrong).sentence
    assert rc.evaluate(lambda a, b: 0, max_digits=1).sentence.startswith("not exact, of ")
