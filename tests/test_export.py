"""`ripplecarry export`: the same answers in onnxruntime, and a state dict that reads back."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch
from hand_made_adders import exact_trial, exact_weights, keep, random_weights

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.lab.exporting import export
from ripplecarry.lab.trial import Trial

CLEAR_MARGIN = 1e-4
"""Float32 sums in another order move a logit by less than a tenth of this."""


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def answers_in_onnxruntime(path, operands):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # its idle threads spin, in the way of others
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    return session.run(["logits", "answers"], {"digits": operands})


def random_digits(trial, batch, length):
    shape = (batch, length, trial.build_task().num_operands)
    return np.random.default_rng(0).integers(0, trial.base, shape)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_onnxruntime_computes_the_same_at_any_batch_and_length(cell, layers, store):
    trial = Trial(cell=cell, layers=layers, hidden_size=16, embedding_size=7)
    weights = random_weights(trial)
    for name in weights:  # large enough that gates and saturation matter
        weights[name] *= np.float32(2)
    run = keep(store, trial, weights)
    (path,) = export(run, onnx=Path("net.onnx"))

    for batch, length in ((1, 1), (3, 2), (4, 1000)):
        operands = random_digits(trial, batch, length)
        logits, answers = answers_in_onnxruntime(path, operands)
        with torch.no_grad():
            ours = run.network(torch.tensor(operands)).numpy()

        assert logits.shape == ours.shape == (batch, length, 10)
        assert np.abs(logits - ours).max() < CLEAR_MARGIN / 10
        best = np.sort(ours, axis=-1)
        is_clear = best[..., -1] - best[..., -2] > CLEAR_MARGIN
        assert is_clear.mean() > 0.99 or length < 1000
        assert (answers == ours.argmax(axis=-1))[is_clear].all()


def test_an_exact_adder_stays_exact_over_a_carry_of_1000_digits(store):
    run = keep(store, exact_trial(10), exact_weights(10))
    (path,) = export(run, onnx=Path("net.onnx"))
    operands = np.zeros((2, 1001, 2), dtype=np.int64)
    operands[0, :1000, 0], operands[0, 0, 1] = 9, 1
    operands[1] = random_digits(run.trial, 1, 1001)[0]

    _, answers = answers_in_onnxruntime(path, operands)

    assert (answers == run.task.answer(operands.astype(np.uint8))).all()
    assert answers[0].tolist() == [0] * 1000 + [1]


def test_other_tasks_keep_their_operands_and_outputs(store):
    trial = Trial(task="times", factor=7, base=12, layers=1, hidden_size=5, embedding_size=3)
    run = keep(store, trial, random_weights(trial))
    (path,) = export(run, onnx=Path("net.onnx"))
    operands = random_digits(trial, 2, 9)

    logits, _ = answers_in_onnxruntime(path, operands)

    with torch.no_grad():
        assert np.allclose(logits, run.network(torch.tensor(operands)).numpy(), atol=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_state_dict_reads_back_as_the_same_network(cell, capsys):
    run = rc.train(cell=cell, hidden_size=8, embedding_size=4, digits=3, steps=20)

    assert call(["export", run.id, "--state-dict", "net.safetensors", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written == {"run": run.id, "files": {"net.safetensors": Path("net.safetensors").stat().st_size}}

    assert call(["evaluate", "net.safetensors", "--max-digits=3", "--lengths=3", "--samples=5"]) in (0, 1)
    said = capsys.readouterr().err
    (imported,) = [word for word in said.split() if "-imported-" in word]
    read = rc.Store("results").open(imported)
    assert (read.trial.cell, read.trial.layers) == (cell, 2)
    assert read.weights.keys() == run.weights.keys()
    assert all((read.weights[name] == run.weights[name]).all() for name in run.weights)
    assert [rc.add(read, 123, n) for n in range(50)] == [rc.add(run, 123, n) for n in range(50)]


def test_the_reports_own_class_takes_the_state_dict(store, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    from handout.pt import myAdvPTRNNModel

    run = keep(store, Trial(cell="lstm", layers=3), random_weights(Trial(cell="lstm", layers=3)))
    (path,) = export(run, state_dict=Path("net.safetensors"))

    model = myAdvPTRNNModel(layers=3, model="LSTM")
    model.load_state_dict(safetensors.torch.load_file(path))

    first, second = torch.tensor(random_digits(run.trial, 2, 11)).unbind(-1)
    assert torch.equal(model(first, second), run.network(torch.stack([first, second], -1)))


@pytest.fixture
def tiny(store):
    return keep(store, exact_trial(2), exact_weights(2))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give --onnx FILE.onnx, --state-dict"),
        (["--onnx", "net.bin"], "net.bin: its name must end in .onnx"),
        (["--state-dict", "net.pt"], "net.pt: its name must end in .safetensors"),
        (["--onnx", "there.onnx"], "there.onnx is there already"),
        (["--onnx", "new.onnx", "--state-dict", "there.safetensors"], "there.safetensors is there already"),
        (["--onnx", "folder.onnx"], "folder.onnx is there already"),
        (["--onnx", "nowhere/net.onnx"], "no folder nowhere"),
        (["--onnx", "there.onnx/net.onnx"], "no folder there.onnx"),
    ],
)
def test_bad_paths_are_one_line_with_status_2_and_nothing_is_written(tiny, arguments, words, capsys):
    Path("there.onnx").write_text("mine")
    Path("there.safetensors").write_text("mine")
    Path("folder.onnx").mkdir()
    before = sorted(Path().iterdir())

    assert call(["export", str(tiny.folder), *arguments]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert sorted(Path().iterdir()) == before
    assert Path("there.onnx").read_text() == Path("there.safetensors").read_text() == "mine"


@pytest.mark.parametrize("option", ["--onnx=locked/net.onnx", "--state-dict=locked/net.safetensors"])
def test_a_folder_without_permission_is_refused(tiny, option, capsys, monkeypatch):
    Path("locked").mkdir()
    # The superuser may write anywhere, so what a user would be told is told here.
    monkeypatch.setattr("ripplecarry.lab.exporting.os.access", lambda path, mode: False)

    assert call(["export", str(tiny.folder), option]) == 2
    assert "no permission to write in locked" in capsys.readouterr().err


def test_a_disk_that_fails_is_one_line(tiny, capsys, monkeypatch):
    def fail(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ripplecarry.lab.exporting.write_atomically", fail)

    assert call(["export", str(tiny.folder), "--state-dict", "net.safetensors"]) == 2
    assert capsys.readouterr().err == "ripplecarry: cannot write net.safetensors: No space left on device\n"


def test_without_the_package_onnx_there_is_one_line(tiny, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)

    assert call(["export", str(tiny.folder), "--onnx", "a.onnx", "--state-dict", "a.safetensors"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "pip install 'ripplecarry[onnx]'" in captured.err
    assert not list(Path().glob("a.*"))
