"""The playground's networks beside Python's: the probe of their states, and their files."""

import base64

import numpy as np
import pytest
from called_modules import content_of

from ripplecarry.evaluation.probe import fit_probe
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.networks.weights_file import read_cell, read_weights, write_weights
from ripplecarry.reports.page.content import text_of_array
from ripplecarry.runs.trial import Trial

TRIAL = Trial.build(
    {
        "cell": "gru",
        "layers": 3,
        "hidden_size": 16,
        "embedding_size": 5,
        "base": 7,
        "task": "times",
        "factor": 3,
    }
)


@pytest.mark.parametrize(("units", "num_states"), [(1, 2), (12, 2), (40, 7)])
def test_the_probe_is_that_of_python(modules, units, num_states):
    random = np.random.Generator(np.random.Philox(key=units))
    states = random.integers(num_states, size=300)
    hidden = np.tanh(random.normal(size=(300, units)) + states[:, None] * random.normal(size=units))
    hidden[:, -1] = hidden[:, 0]  # units that agree are what ridge regression is for

    given = {"inputs": hidden.tolist(), "states": states.tolist(), "numStates": num_states}
    found = modules.call("fitProbe", given)

    probe = fit_probe(hidden, states, num_states)
    wanted = np.concatenate([probe.weight.ravel(), probe.bias])
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def weights():
    return initial_weights(TRIAL, TRIAL.build_task(), 5)


def numbers(weights) -> np.ndarray:
    return np.concatenate([array.ravel() for array in weights.values()])


def test_python_reads_the_file_that_the_page_writes(modules, weights):
    shapes = [[name, list(array.shape)] for name, array in weights.items()]
    metadata = {"cell": "gru", "training": '{"words": "Übertrag"}'}
    given = {"weights": text_of_array(numbers(weights), "float32"), "shapes": shapes, "metadata": metadata}

    content = base64.b64decode(modules.call("writeWeights", given))

    found = read_weights(content)
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in weights.items()
    }
    assert all(found[name].shape == array.shape for name, array in weights.items())
    assert read_cell(content) == "gru"


def read(modules, *contents: bytes):
    files = [{"file": base64.b64encode(each).decode(), "task": content_of(TRIAL)} for each in contents]
    return modules.call_each("readWeights", files)


def test_the_page_reads_the_file_that_python_writes(modules, weights):
    wide = {name: array.astype(np.float64) for name, array in weights.items()}

    for found in read(modules, write_weights(weights, "gru"), write_weights(wide, "gru")):
        assert base64.b64decode(found["numbers"]) == numbers(weights).tobytes()
        names = ("cell", "layers", "hidden_size", "embedding_size", "base")
        assert {name: found["settings"][name] for name in names} == {
            name: getattr(TRIAL, name) for name in names
        }


def test_the_page_refuses_other_files(modules, weights):
    good = write_weights(weights, "gru")
    first = next(iter(weights))
    wrong = {
        b"": "file.kind",
        b"PK\x03\x04 and so on": "file.kind",
        good[:-4]: "file.kind",
        good[:100]: "file.kind",
        write_weights({}, "gru"): "file.names",
        write_weights(weights, "lstm"): "file.shapes",
        write_weights(weights | {"more": np.zeros(1, np.float32)}, "gru"): "file.shapes",
        write_weights(weights | {first: weights[first].astype(np.float16)}, "gru"): "file.type",
        write_weights(weights | {first: weights[first] * np.float32("nan")}, "gru"): "file.finite",
    }

    assert read(modules, *wrong) == [{"key": key} for key in wrong.values()]
