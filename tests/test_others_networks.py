"""Networks that others made: modules with logits of any shape, and state dicts under any names."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from hand_made_adders import carryless_weights, random_weights

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.evaluation.modules import relu_adder
from ripplecarry.runs.imported_run import read_state_dict
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import Trial


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def digitwise(num_outputs, shift=0):
    """A module that adds digit by digit, with so many logits."""

    class Digitwise(torch.nn.Module):
        def forward(self, first, second):
            return torch.nn.functional.one_hot((first + second) % 10 + shift, num_outputs).float()

    return Digitwise()


class Returns(torch.nn.Module):
    """A module that returns what a function makes of right logits."""

    def __init__(self, change):
        super().__init__()
        self.inner, self.change = digitwise(10), change

    def forward(self, first, second):
        return self.change(self.inner(first, second))


@pytest.mark.parametrize(
    "change",
    [
        lambda logits: logits[..., :2],
        lambda logits: logits.argmax(-1),
        lambda logits: logits.argmax(-1).float(),
        lambda logits: logits.transpose(0, 1),
        lambda logits: logits.transpose(1, 2),
        lambda logits: logits[:, :-1],
        lambda logits: logits[None],
        lambda logits: logits.flatten(),
        lambda logits: logits.to(torch.complex64),
        lambda logits: logits.to_sparse(),
        lambda logits: logits.numpy(),
        lambda logits: torch.zeros(0),
        lambda logits: (logits, None),
        lambda logits: None,
    ],
)
def test_a_module_that_gives_no_logits_of_each_digit_is_refused_in_one_line(change):
    with pytest.raises(rc.errors.InputError, match="it must give logits with axes") as refused:
        rc.evaluate(Returns(change), max_digits=3, samples=4)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("error", [ValueError("no\nluck"), SystemExit(3)])
def test_a_module_that_raises_is_refused_in_one_line(error):
    def fail(logits):
        raise error

    with pytest.raises(rc.errors.InputError, match="the module failed on digits of shape") as refused:
        rc.evaluate(Returns(fail), max_digits=3)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("num_outputs", "shift"), [(20, 10), (50, 40), (300, 256)])
def test_an_answer_beyond_the_digits_is_wrong_and_prints(num_outputs, shift):
    found = rc.evaluate(digitwise(num_outputs, shift), max_digits=3, samples=4)

    assert not found.is_exact
    assert "the network answers no number of these digits" in str(found.counterexample)
    assert found.as_dict()["counterexample"]["answer"] is None


def test_a_logit_that_is_no_number_is_no_answer():
    found = rc.evaluate(Returns(lambda logits: logits * float("nan")), max_digits=1)

    assert all(cell.num_exact == 0 for cell in found.cells)


def saved(weights, name="net.safetensors", metadata=None):
    Path(name).write_bytes(safetensors.numpy.save(weights, metadata))
    return name


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_wrappers_leave_no_trace_in_names(prefix, capsys):
    weights = carryless_weights(10)
    saved({prefix + name: array for name, array in weights.items()})

    assert call(["evaluate", "net.safetensors", "--max-digits=3", "--lengths=3", "--samples=5"]) == 1
    (run_id,) = Store("results").ids()
    assert all((Store("results").open(run_id).weights[name] == weights[name]).all() for name in weights)


def test_relu_networks_are_evaluated_as_such(capsys):
    torch.manual_seed(0)
    network = torch.nn.RNN(2, 4, nonlinearity="relu")
    embed, dense = torch.nn.Embedding(10, 1), torch.nn.Linear(4, 10)
    parts = {"embed_layer": embed, "rnn": network, "dense": dense}
    weights = {
        f"{part}.{name}": array.detach().numpy()
        for part, module in parts.items()
        for name, array in module.state_dict().items()
    }
    name = saved(weights)
    digits = torch.randint(10, (5, 4, 2))
    wanted = dense(network(embed(digits).flatten(2).transpose(0, 1))[0]).transpose(0, 1)

    read = read_state_dict(Path(name), 3)
    ours = relu_adder(read.trial, read.trial.build_task(), read.weights)(digits)
    assert torch.allclose(ours, wanted, atol=1e-6)

    words = [name, "--max-digits=3", "--lengths=3", "--samples=5"]
    assert call(["evaluate", *words, "--nonlinearity=relu", "--json"]) == 1
    assert "net-relu-" in json.loads(capsys.readouterr().out)["adder"]
    assert not Store("results").ids()
    assert call(["evaluate", *words]) == 1
    assert "with tanh: the file does not say; for ReLU add --nonlinearity relu" in capsys.readouterr().err
    saved(weights, metadata={"cell": "rnn"})
    assert call(["evaluate", *words]) == 1
    assert "ReLU" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "net.pt"], "net.pt holds no weights: torch.save wrote it"),
        (["evaluate", "net.pt"], "safetensors.torch.save_file"),
        (["add", "net.pt", "1", "2"], "net.pt is a file, not a run; `ripplecarry import net.pt`"),
        (["certify", "gru.safetensors"], "gru.safetensors is a file, not a run"),
        (["evaluate", "right.py"], "right.py is a Python file, not a run; --adder right.py tests it"),
        (["evaluate", "gru.safetensors", "--nonlinearity=relu"], "and the file has another cell: gru"),
        (["evaluate", "nothing", "--nonlinearity=relu"], "relu; it is for files of weights"),
        (["evaluate", "both.safetensors"], "both.safetensors is of a bidirectional network"),
        (["evaluate", "other.safetensors"], "other.safetensors has no embed_layer.weight"),
        (["evaluate", "wide.safetensors"], "wide.safetensors is not a state dict"),
        (["evaluate", "large.safetensors"], "large.safetensors is not a state dict"),
        (["evaluate", "fifty.safetensors"], "fifty.safetensors: dense.bias is 50; an RNN of 1 layer"),
        (["evaluate", "named.safetensors"], "report's networks: unknown cell 'relu'"),
    ],
)  # fmt: skip
def test_files_that_are_no_such_network_are_told_by_name(arguments, words, capsys):
    torch.save({"dense.bias": torch.zeros(10)}, "net.pt")
    Path("right.py").write_text("")
    trial = Trial(layers=1, hidden_size=5, embedding_size=2)
    plain = random_weights(trial)
    saved(random_weights(trial.model_copy(update={"cell": "gru"})), "gru.safetensors")
    back = {f"{name}_reverse": array for name, array in plain.items() if name.startswith("rnn")}
    saved(plain | back, "both.safetensors")
    saved(
        {name.replace("embed_layer", "embedding"): a for name, a in plain.items()},
        "other.safetensors",
    )
    saved(plain | {"rnn.weight_hh_l0": np.zeros((7, 3), np.float32)}, "wide.safetensors")
    saved(plain | {"embed_layer.weight": np.zeros((99, 2), np.float32)}, "large.safetensors")
    more = {"dense.weight": np.zeros((50, 5), np.float32), "dense.bias": np.zeros(50, np.float32)}
    saved(plain | more, "fifty.safetensors")
    saved(plain, "named.safetensors", {"cell": "relu"})

    assert call(arguments) == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_of_imported_weights_nobody_tells_how_they_were_trained_and_known_ones_are_found(capsys):
    trial = Trial(hidden_size=5, embedding_size=3)
    saved(random_weights(trial))
    assert call(["evaluate", "net.safetensors", "--lengths=2", "--samples=2", "--max-digits=2"]) == 1
    (row,) = rc.list_runs().to_dict("records")
    assert (row["hidden_size"], row["digits"], row["cell"]) == (5, 2, "rnn")
    assert all(row[name] != row[name] for name in ("steps", "learning_rate", "batch_size"))  # NaN

    run = rc.train(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=1)
    (path,) = rc.export(run, state_dict=True)
    assert call(["evaluate", str(path), "--lengths=2", "--samples=2"]) == 1
    assert f"these are the weights of run {run.id}" in capsys.readouterr().err
    assert len(Store().ids()) == 2
