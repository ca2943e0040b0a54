"""Exported networks answer as the run's own does."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch

from ripplecarry.cli import call
from ripplecarry.engines.registry import open_engine
from ripplecarry.runs.store import Store

sys.path.insert(0, str(Path(__file__).parents[1]))

from handout.pt import myAdvPTRNNModel

SMALL = ["--batch-size=100", "--digits=5", "--steps=150", "--learning-rate=0.01"]


def exported(tmp_path, capsys, *options):
    store = tmp_path / "store"
    assert call(["train", *SMALL, *options, "--store", str(store), "--json"]) == 0
    capsys.readouterr()
    (run_id,) = Store(store).ids()
    assert call(["export", run_id, "--onnx", "--state-dict", "--store", str(store), "--json"]) == 0
    model, state_dict = json.loads(capsys.readouterr().out)["files"]
    return Store(store).open(run_id), model, state_dict


def drawn(task, rows, length):
    random = np.random.default_rng(length)
    operands = random.integers(task.base, size=(rows, length, task.num_operands)).astype(np.uint8)
    operands[::2, :-1] = np.array([task.base - 1, *[0] * (task.num_operands - 1)])  # long carry runs
    operands[::2, 0] = task.base - 1
    return operands


@pytest.mark.parametrize(
    "options",
    [["--cell=rnn"], ["--cell=gru"], ["--cell=lstm"], ["--task=counter", "--modulus=40"],
     ["--cell=gru", "--layers=3", "--task=times", "--factor=7"],
     ["--cell=lstm", "--layers=1", "--num-operands=3", "--base=7"]],
)  # fmt: skip
def test_onnxruntime_gives_the_same_digits_at_any_batch_and_length(tmp_path, capsys, options):
    run, path, _ = exported(tmp_path, capsys, *options)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    network = open_engine("torch").load(run.trial, run.task, run.weights)

    for rows, length in ((1, 1), (200, 7), (7, 30), (4, 1002)):
        operands = drawn(run.task, rows, length)
        logits, digits = session.run(["logits", "digits"], {"operands": operands.astype(np.int64)})
        assert np.array_equal(digits, network.answers(operands))
        assert np.abs(logits - network.logits(operands)).max() < 1e-4


def test_another_networks_model_is_told_apart(tmp_path, capsys):
    run, path, _ = exported(tmp_path, capsys, "--cell=gru")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    changed = run.weights | {"rnn.bias_hh_l1": np.roll(run.weights["rnn.bias_hh_l1"], 64)}
    operands = drawn(run.task, 20, 7)
    (logits,) = session.run(["logits"], {"operands": operands.astype(np.int64)})

    other = open_engine("torch").load(run.trial, run.task, changed).logits(operands)
    assert np.abs(logits - other).max() > 1e-3


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_state_dict_is_read_by_the_courses_model(tmp_path, capsys, cell):
    run, _, path = exported(tmp_path, capsys, f"--cell={cell}", "--layers=3")
    model = myAdvPTRNNModel(layers=3, model=cell.upper())
    model.load_state_dict(safetensors.torch.load_file(path))
    operands = torch.tensor(drawn(run.task, 10, 7))

    with torch.inference_mode():
        assert torch.equal(model(operands[..., 0], operands[..., 1]), run.network(operands))


def test_the_same_run_gives_the_same_files(tmp_path, capsys):
    run, *paths = exported(tmp_path, capsys)
    again = tmp_path / "again"
    store = str(run.folder.parents[1])

    assert call(["export", run.id, "--onnx", "--state-dict", "--store", store, "--folder", str(again)]) == 0
    for path in paths:
        assert (again / path.rsplit("/", 1)[1]).read_bytes() == Path(path).read_bytes()


def test_what_cannot_be_exported_is_said_in_one_line(tmp_path, capsys, monkeypatch):
    run, *_ = exported(tmp_path, capsys)
    store = ["--store", str(run.folder.parents[1])]

    for arguments, words in (
        (["export", run.id], "say --onnx, --state-dict or both"),
        (["export", "nowhere", "--onnx"], "no run 'nowhere'"),
        (["export", run.id, "--onnx", "--folder", "/proc/none"], "cannot write /proc/none"),
    ):
        assert call([*arguments, *store]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert call(["export", run.id, "--onnx", *store]) == 2
    assert "pip install 'ripplecarry[export]'" in capsys.readouterr().err
