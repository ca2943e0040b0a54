"""A cell from a file trains and is used like any other; what is wrong with its code is told in one line."""

import re
from pathlib import Path

import numpy as np
import pytest

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.cell_file import load_cell
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import Trial

TINY = {"layers": 2, "hidden_size": 3, "embedding_size": 2, "digits": 2, "steps": 3, "batch_size": 4}

ELMAN = """
import torch
from torch.nn.functional import linear


class Elman:
    def shapes(self, features, hidden):
        matrices = {"weight_ih": (hidden, features), "weight_hh": (hidden, hidden)}
        return matrices | {"bias_ih": (hidden,), "bias_hh": (hidden,)}

    def step(self, weights, x, state):
        below = linear(x, weights["weight_ih"], weights["bias_ih"])
        return (torch.tanh(below + linear(state[0], weights["weight_hh"], weights["bias_hh"])),)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_cell.cache_clear()
    return tmp_path


def write(code, path="my_cell.py"):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(code)
    return path


def test_the_equations_of_a_built_in_cell_give_its_results():
    own, built_in = rc.train(cell=write(ELMAN), **TINY), rc.train(cell="rnn", engine="torch", **TINY)

    assert own.id != built_in.id
    for name, value in built_in.weights.items():
        np.testing.assert_allclose(own.weights[name], value, atol=1e-6)
    assert rc.add(own, 12, 34) == rc.add(built_in, 12, 34)


@pytest.mark.parametrize(
    ("old", "new", "unreached"),
    [
        ("torch.tanh(", "torch.tanh(0 * x.sum() + ", None),
        ("(torch.tanh(below", "(torch.tanh(below.detach()", "rnn.weight_ih_l0, rnn.bias_ih_l0"),
        (
            'linear(state[0], weights["weight_hh"]',
            'linear(state[0], weights["weight_hh"].data',
            "rnn.weight_hh_l0",
        ),
    ],
)
def test_a_parameter_that_no_gradient_reaches_is_refused_in_a_line(old, new, unreached, capsys):
    code = ELMAN.replace(old, new)
    assert code != ELMAN
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in (TINY | {"layers": 1}).items()]

    assert call(["train", f"--cell={write(code)}", *settings]) == (2 if unreached else 0)
    if unreached:
        last = capsys.readouterr().err.splitlines()[-1]
        assert "no gradient reaches " in last
        assert unreached in last


def test_a_trial_depends_on_the_code_and_not_on_the_path():
    Path("settings.toml").write_text('cell = "my_cell.py"\n')
    first = Trial(cell=write(ELMAN), **TINY)
    moved = Trial(cell=write(ELMAN, "elsewhere/other.py"), **TINY)
    changed = Trial(cell=write(ELMAN.replace("torch.tanh", "torch.sin"), "changed.py"), **TINY)

    assert first.id == moved.id
    assert first.id != changed.id
    assert rc.train(config="settings.toml", **TINY).id.startswith(first.id)


def test_a_run_keeps_its_code_which_runs_only_where_a_network_is_computed(capsys):
    run_id = rc.train(cell=write(ELMAN + "print('code runs')\n"), **TINY).id
    Path("my_cell.py").unlink()
    assert capsys.readouterr().out == "code runs\n"
    load_cell.cache_clear()

    run = Store().open(run_id).verify()
    assert (run.folder / "cell.py").read_text() == run.trial.cell_code
    for words in (["runs"], ["runs", run_id], ["certify", run_id], ["page", run_id]):
        call(words)
    call(["export", run_id, "--state-dict"])
    written = capsys.readouterr()
    assert "code runs" not in written.out
    assert "running the code" not in written.err

    call(["add", run_id, "1", "2"])
    written = capsys.readouterr()
    assert written.out.startswith("code runs\n")
    assert re.search(
        r"^ripplecarry: running the code of the cell Elman \([0-9a-f]{10}\)$", written.err, re.M
    )


def test_verbs_that_need_more_than_equations_refuse_it_in_one_line(capsys):
    run_id = rc.train(cell=write(ELMAN), **TINY).id
    capsys.readouterr()

    for words in (["certify", run_id], ["page", run_id], ["export", run_id, "--onnx"]):
        assert call(words) == 2
        assert "this run's cell is from a file" in "".join(capsys.readouterr().err.splitlines())
    call(["export", run_id, "--state-dict"])
    with pytest.raises(
        rc.errors.StoreError if hasattr(rc, "errors") else Exception, match="whose code is not"
    ):
        rc.evaluate(f"results/exports/{run_id}.safetensors", lengths=2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("class Elman:", "class Elman"), "the cell's file is not Python: SyntaxError"),
        (("class Elman:", "def Elman():"), "a cell's file defines one class; this one defines none"),
        (("class Elman:", "class Other: pass\nclass Elman:"), "one class; this one defines Other, Elman"),
        (("def step", "def stop"), "the cell Elman has no step"),
        (("def shapes", "def forms"), "the cell Elman has no shapes"),
        (("return matrices |", "return None and"), "shapes returned NoneType; it must be shapes by name"),
        (('"bias_ih": (hidden,)', '"bias_ih": (-1,)'), "(-1,) is no shape"),
        (('"bias_ih": (hidden,)', '"bias ih": (1,)'), "'bias ih' is no parameter's name"),
        (("import torch\n", "import torchy\n"), "the file: ModuleNotFoundError: No module named 'torchy'"),
        (("class Elman:\n", "class Elman:\n    def __init__(self, size): pass\n"), "the class: TypeError"),
        (('weights["bias_ih"]', 'weights["bias"]'), "the cell Elman: step: KeyError: 'bias'"),
        (("torch.tanh(", "torch.log(-1 - 0 * "), "step returned NaN or infinity"),
        (("return (torch.tanh(", "return torch.tanh(("), "step returned Tensor; it must be a tuple"),
        (("state[0]", "state[0].T"), "the cell Elman: step: RuntimeError"),
        (('["bias_hh"])),)', '["bias_hh"]))[:1],)'), "step returned [(1, 3)]; it must be"),
        (
            (
                "    def step",
                "    def initial_values(self, name, values): return values * 1e999\n    def step",
            ),
            "initial_values('weight_ih') must be",
        ),
        (
            ("    def step", "    def states(self, hidden): return ((1,),)\n    def step"),
            "first must be (3,)",
        ),
        (("import torch\n", "import sys\nsys.exit(3)\n"), "the file: SystemExit: 3"),
    ],
)
def test_what_is_wrong_with_the_code_is_told_in_one_line(change, words, capsys):
    code = ELMAN.replace(*change)
    assert code != ELMAN
    sizes = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]

    assert call(["train", "--cell", write(code), *sizes]) == 2

    lines = capsys.readouterr().err.splitlines()
    assert words in lines[-1]
    assert len([line for line in lines if "running the code" not in line]) == 1


def test_further_states_and_initial_values_are_the_cells_own():
    code = ELMAN.replace(
        "    def step",
        "    def states(self, hidden):\n        return (hidden,), (2, hidden)\n\n"
        "    def initial_values(self, name, values):\n        return values * ('bias' not in name)\n\n"
        "    def step",
    ).replace("state[0], weights", "state[1].sum(dim=1), weights")
    code = code.replace('weights["bias_hh"])),)', 'weights["bias_hh"])), state[1] + below.unsqueeze(1))')

    run = rc.train(cell=write(code), **TINY | {"learning_rate": 1e-9})

    assert abs(run.weights["rnn.bias_hh_l1"]).max() < 1e-6 < abs(run.weights["rnn.weight_hh_l1"]).max()
    assert isinstance(rc.add(run, 1, 2), int)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("nowhere.py", "cannot read the cell nowhere.py: No such file"),
        ("file", "a cell from a file is named by its file, as in cell=my_cell.py"),
        ("gruu", "unknown cell 'gruu'; choose from rnn"),
    ],
)
def test_a_cell_that_is_not_there_is_refused(cell, words):
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        Trial(cell=cell)
