"""Files of weights become runs; one of the playground with its settings, seed and readings."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hand_made_adders import exact_trial, exact_weights, keep, random_weights

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.runs.merging import merge
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import Trial

ASSETS = Path(__file__).parents[1] / "src" / "ripplecarry" / "reports" / "page" / "assets"
SEED = 2**63 + 5  # which no number of JavaScript holds
SETTINGS = {
    name: getattr(exact_trial(10), name)
    for name in ("cell", "layers", "hidden_size", "embedding_size", "base", "digits")
}
TRAINING = {
    "format": 1,
    "trial": {**SETTINGS, "learning_rate": 0.01, "steps": 72},
    "seed": str(SEED),
    "steps_done": 72,
    "outcome": "finished",
    "exact_match": [[1, 0], [51, 0.25], [72, 1.0]],
}
TRIAL = Trial(**TRAINING["trial"])


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def saved(training=TRAINING, weights=None, cell="rnn"):
    """A file as the playground saves it."""
    text = training if isinstance(training, str) else json.dumps(training)
    content = safetensors.numpy.save(weights or exact_weights(10), {"cell": cell, "training": text})
    Path("page.safetensors").write_bytes(content)
    return "page.safetensors"


def test_a_state_dict_is_imported_as_evaluate_does_it(capsys):
    Path("net.safetensors").write_bytes(safetensors.numpy.save(exact_weights(10)))

    run = rc.import_run("net.safetensors", digits=3)

    assert (run.engine, run.trial.digits, run.state["steps_done"]) == ("imported", 3, 0)
    assert call(["import", "net.safetensors", "--digits=3"]) == 0
    printed = capsys.readouterr()
    assert f"these are the weights of run {run.id}" in printed.err
    assert printed.out.splitlines() == [
        f"ripplecarry {name} {run.id}" for name in ("evaluate", "certify", "page")
    ]
    assert call(["import", "net.safetensors", "--json", "--store=other place"]) == 0
    told = json.loads(capsys.readouterr().out)
    (there,) = Store("other place").ids()
    assert told["run"] == there != run.id
    assert told["next"][0] == f"ripplecarry evaluate {there} --store 'other place'"
    assert rc.import_run("net.safetensors").trial.digits == 10


def test_a_file_of_the_playground_becomes_the_run_that_it_was(capsys):
    told = []
    run = rc.import_run(saved(), say=told.append)

    assert run.id == f"{TRIAL.id}-page-{SEED}"
    assert (run.trial, run.seed, run.outcome, run.state["steps_done"]) == (TRIAL, SEED, "finished", 72)
    assert run.curves.step.tolist() == [0, 50, 71]
    assert run.curves.exact_match.tolist() == [0, 0.25, 1]
    assert run.curves.loss.isna().all()
    assert run.metrics_read_after_step == 71
    assert all((run.weights[name] == array).all() for name, array in exact_weights(10).items())
    assert type(run).check(run.folder).id == run.id

    assert rc.import_run(saved(), say=told.append).id == run.id
    assert ["imported as run" in told[0], "these are the weights of run" in told[1]] == [True, True]
    assert "which the playground trained for 72 steps" in told[0]
    assert call(["evaluate", "page.safetensors", "--lengths=3", "--samples=5"]) == 0
    assert Store().ids() == [run.id]
    assert f"these are the weights of run {run.id}" in capsys.readouterr().err


@pytest.mark.parametrize("outcome", ["finished", "diverged"])
def test_every_verb_takes_it(outcome, capsys):
    training = TRAINING | {"outcome": outcome}
    if outcome == "diverged":  # its page never came to a reading
        del training["exact_match"]
    run = rc.import_run(saved(training))
    other = keep(Store(), exact_trial(10), exact_weights(10))

    assert (rc.list_runs().id == run.id).sum() == 1
    row = rc.list_runs(where="engine = 'page'").iloc[0]
    assert (row.learning_rate, row.steps_done, row.outcome) == (0.01, 72, outcome)
    for words in (
        ["runs"],
        ["runs", run.id, "--tensorboard=events"],
        ["runs", run.id, "--json"],
        ["evaluate", run.id, "--lengths=3", "--samples=5"],
        ["certify", run.id],
        ["check", run.id],
        ["extract", run.id],
        ["page", run.id],
        ["export", run.id, "--state-dict"],
        ["compare", run.id, other.id],
        ["add", f"engine=page,seed={SEED}", "999", "1"],
        ["merge", "results", "--store=merged"],
    ):
        assert call(words) == 0, (words, capsys.readouterr().err)
    out = capsys.readouterr().out
    assert out.count("1000\n") == 1
    assert "too few points" not in out
    assert Store("merged").open(run.id).curves.equals(run.curves)
    assert run.id in merge([Path("results")], Store("merged")).known
    exported = f"results/exports/{run.id}.safetensors"
    assert rc.import_run(exported, digits=3).engine in ("page", "native")


def test_a_network_of_another_task_is_of_that_task(capsys):
    settings = {"task": "counter", "modulus": 3, "layers": 1, "hidden_size": 8, "embedding_size": 2}
    weights = random_weights(Trial(**settings))

    assert call(["import", saved(TRAINING | {"trial": settings}, weights)]) == 0
    (run_id,) = Store().ids()
    assert Store().open(run_id).trial.modulus == 3
    following = [f"ripplecarry {name} {run_id}" for name in ("evaluate", "certify", "page")]
    assert capsys.readouterr().out.splitlines() == following


def test_no_study_takes_it_for_a_run_of_its_own():
    page = rc.import_run(saved())
    study = rc.Study(name="own", question="One?", base=TRIAL, grid={}, claims=())

    (run,) = rc.study(study, seeds=1).runs
    assert run.id == f"{TRIAL.id}-{run.engine}-0"
    assert rc.train(seed=SEED, **TRAINING["trial"]).id != page.id


def test_weights_that_diverged_may_be_no_numbers():
    weights = exact_weights(10)
    weights["dense.bias"][0] = np.nan

    run = rc.import_run(saved(TRAINING | {"outcome": "diverged"}, weights))
    assert np.isnan(run.weights["dense.bias"][0])
    assert not rc.evaluate(run, lengths=3, samples=5).is_exact
    assert "NaN" in refused(saved(TRAINING, weights))


def test_other_weights_under_the_same_id_are_refused(capsys):
    run = rc.import_run(saved())

    message = f"other weights are in the store as run {run.id}; use another --store"
    assert refused(saved(weights=random_weights(TRIAL))) == message
    assert (Store().open(run.id).weights["dense.bias"] == exact_weights(10)["dense.bias"]).all()


def refused(name):
    with pytest.raises((StoreError, ConfigurationError)) as error:
        rc.import_run(name)
    assert "\n" not in str(error.value)
    return str(error.value)


def changed(**settings):
    return TRAINING | {"trial": TRAINING["trial"] | settings}


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ("{", "training is not JSON: "),
        ("[" * 100_000, "training is not JSON: "),
        ("[1]", "training is [1]; it must be a JSON object"),
        (" " * 2**24 + "{}", "it must have at most 16777216"),
        ({}, "training has format None; this version reads format 1"),
        (TRAINING | {"format": 2}, "training has format 2; this version reads format 1"),
        (TRAINING | {"format": True}, "format True"),
        (TRAINING | {"more": 1}, "unknown option 'more'"),
        ({name: value for name, value in TRAINING.items() if name != "seed"}, "seed is missing"),
        (
            TRAINING | {"seed": "-1"},
            "seed is -1; it must be a whole number, from 0 to 18446744073709551615",
        ),
        (TRAINING | {"seed": str(2**64)}, "seed is 18446744073709551616; it must be a whole number"),
        (TRAINING | {"seed": "3.0"}, "seed is '3.0'; it must be a whole number"),
        (TRAINING | {"seed": 3}, "seed is 3; input should be a valid string"),
        (TRAINING | {"trial": SETTINGS, "steps_done": 0, "exact_match": []}, "steps is 0; it must be at"),
        (TRAINING | {"trial": SETTINGS, "steps_done": 10**8}, "steps is 100000000; it must be at most"),
        (TRAINING | {"steps_done": 72.5}, "steps_done is 72.5; it must be a whole number"),
        (TRAINING | {"steps_done": 73}, "steps is 72 and steps_done 73; they must be the same"),
        (TRAINING | {"outcome": "exact"}, "unknown outcome 'exact'; choose from finished, diverged"),
        (TRAINING | {"trial": []}, "trial is []; input should be a valid dictionary"),
        (changed(seed=3), "unknown option 'seed'"),
        (changed(self=3), "unknown option 'self'"),
        (changed(exactness_to=5), "exactness_to is 5; the page trains without it"),
        (changed(lower_rate=0.001, lower_rate_after=10), "lower_rate is 0.001; the page trains without it"),
        (changed(num_operands=2), "num_operands is 2; the page trains without it"),
        (changed(layers="two"), "layers is 'two'"),
        (changed(learning_rate=float("nan")), "learning_rate is nan"),
        (changed(cell="lstm"), "its cell is 'rnn', and lstm in its training"),
        (changed(hidden_size=8), "dense.weight is 10x19; an RNN of 1 layer and 8 units has 10x8"),
        (changed(base=4), "dense.bias is 10; an RNN of 1 layer and 19 units has 4"),
        (
            {**TRAINING, "trial": SETTINGS | {"certify": True}},
            "certify is True; the page trains without it",
        ),
        (TRAINING | {"exact_match": [[1, "1"]]}, "exact_match.0.1 is '1'; input should be a valid number"),
        (TRAINING | {"exact_match": [[1, float("nan")]]}, "exact_match.0.1 is nan; "),
        (TRAINING | {"exact_match": [[1, 1.5]]}, "exact_match.0.1 is 1.5; it must be at most 1"),
        (TRAINING | {"exact_match": [["1", 1]] * 10**5}, "exact_match.0.0 is '1'; input should be a valid"),
        (TRAINING | {"exact_match": [[0, 1]]}, "exact_match.0.0 is 0; it must be at least 1"),
        (TRAINING | {"exact_match": [[1]]}, "exact_match.0.1 is missing"),
        (TRAINING | {"exact_match": [[51, 0], [51, 0]]}, "exact_match is not in the order of updates"),
        (TRAINING | {"exact_match": [[73, 0]]}, "read after update 73; steps_done is 72"),
        (TRAINING | {"exact_match": "1"}, "exact_match is '1'"),
    ],
)
def test_what_is_no_training_is_refused_in_one_line(training, words, capsys):
    name = saved(training)

    message = refused(name)

    assert words in message
    assert len(message) < 2000
    assert call(["import", name, "--json"]) == 2
    assert capsys.readouterr().err == f"ripplecarry: {message}\n"
    assert os.listdir() == [name]


def test_a_file_that_tells_its_digits_takes_none_beside_it(capsys):
    assert call(["import", saved(), "--digits=4"]) == 2
    assert "says how long the operands were, 3 digits; 4 came beside it" in capsys.readouterr().err
    assert call(["evaluate", "page.safetensors", "--max-digits=4"]) == 2
    assert not Path("results").exists()


def test_a_huge_file_is_not_read(capsys):
    with open("huge.safetensors", "wb") as file:
        file.truncate(2**40)

    assert "cannot read huge.safetensors: it has 1099511627776 bytes" in refused("huge.safetensors")
    assert not Path("results").exists()
    assert "3 is no file" in refused(3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a\n\x1b[31m": np.zeros(3, np.float32)}, r"a.safetensors: 'a\n\x1b[31m' is 3; an RNN"),
        ({"x" * 10**6: np.zeros(3, np.float32)}, "xxx' is 3; an RNN of 1 layer and 19 units has none"),
        ({"x" * 10**6: np.zeros(3, np.int32)}, "xxx' has numbers of type int32"),
        ({"dense.bias": np.zeros(10, np.complex64)}, "dense.bias has numbers of type complex64"),
        ({"module.dense.bias": np.zeros(10, np.float32)}, "has dense.bias twice, with and without"),
        ({"rnn.weight_hh_l0": np.zeros(3, np.float32)}, "rnn.weight_hh_l0 is 3; it must be a matrix"),
        ({"embed_layer.weight": np.zeros((), np.float32)}, "is a single number; it must be a matrix"),
    ],
)
def test_arrays_of_no_network_are_refused_in_one_short_line(arrays, words):
    Path("a.safetensors").write_bytes(safetensors.numpy.save(exact_weights(10) | arrays))

    message = refused("a.safetensors")

    assert words in message
    assert message.isprintable()
    assert len(message) < 300
    assert os.listdir() == ["a.safetensors"]


def test_names_of_other_networks_are_shown_in_one_short_line():
    for name in ("\x1b[31m\n", "x" * 10**6):
        Path("a.safetensors").write_bytes(safetensors.numpy.save({name: np.zeros(3, np.float32)}))

        message = refused("a.safetensors")
        assert message.isprintable()
        assert len(message) < 300


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_what_the_page_writes_is_read():
    arrays = exact_weights(10)
    numbers = np.concatenate([array.ravel() for array in arrays.values()])
    about = {
        "numbers": [float(number) for number in numbers],
        "shapes": [[name, list(array.shape)] for name, array in arrays.items()],
        "metadata": {"cell": "rnn", "training": json.dumps(TRAINING)},
    }
    script = f"""
        import {{ writeFileSync }} from "node:fs";
        import {{ writeWeights }} from {json.dumps((ASSETS / "weights_file.js").as_uri())};
        const {{ numbers, shapes, metadata }} = {json.dumps(about)};
        writeFileSync("page.safetensors", writeWeights(Float32Array.from(numbers), shapes, metadata));
    """
    subprocess.run(["node", "--input-type=module", "-e", script], check=True, timeout=60)

    run = rc.import_run("page.safetensors")
    assert run.id == f"{TRIAL.id}-page-{SEED}"
    assert all((run.weights[name] == array).all() for name, array in arrays.items())
