"""Proofs from the command line: certified, refuted, polished, checked, refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hand_made_adders import exact_trial, exact_weights, keep

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.runs.store import Store

SMALL = ["--layers=1", "--hidden-size=32", "--base=4", "--digits=5", "--batch-size=60"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def said(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_network_is_trained_until_certified_and_its_certificate_is_checked(capsys):
    assert call(["train", "--certify", *SMALL, "--steps=500", "--json"]) == 0
    summary = said(capsys)
    certificate = Path(summary["certificate"])
    content = json.loads(certificate.read_text())
    assert content["run"] == summary["id"]
    assert summary["certified"] is True
    assert "of any length in base 4" in content["statement"]

    assert call(["check", str(certificate), "--json"]) == 0
    proof = said(capsys)
    assert call(["check", summary["id"], "--json"]) == 0
    assert said(capsys)["margin"] == proof["margin"]
    assert (proof["answer"], proof["cell"], proof["layers"]) == ("proved", "rnn", 1)
    assert proof["run"] == summary["id"]
    assert proof["margin"] >= content["margin"] > 0.9999 * proof["margin"]
    assert call(["certify", summary["id"], "--json"]) == 0
    assert said(capsys)["answer"] == "certified"
    assert call(["extract", summary["id"], "--json"]) == 0
    machine = said(capsys)
    assert machine["num_states"] == 2
    assert all(Path(figure).is_file() for figure in machine["figures"])

    assert call(["train", "--certify", *SMALL, "--steps=500"]) == 0
    assert content["statement"] in capsys.readouterr().out
    assert call(["runs", summary["id"]]) == 0
    assert re.search(r"proof +certified", capsys.readouterr().out)

    weights = Path("results/runs", summary["id"], "weights.safetensors")
    changed = safetensors.numpy.load(weights.read_bytes())
    changed["dense.bias"] = changed["dense.bias"] + np.float32(1e-6)
    Path("changed.safetensors").write_bytes(safetensors.numpy.save(changed))
    assert call(["check", str(certificate), "--weights", "changed.safetensors"]) == 1
    assert capsys.readouterr().out.startswith("refused: it belongs to other weights")


@pytest.mark.parametrize(
    ("cell", "task"),
    [
        ("mingru", ["--task=flip_flop", "--hidden-size=12", "--digits=10"]),
        ("diagonal_signed", ["--task=times", "--factor=5", "--hidden-size=32", "--digits=6"]),
    ],
)
def test_a_linear_recurrence_is_trained_until_certified_and_both_programs_check_it(cell, task, capsys):
    words = ["--cell", cell, "--layers=1", "--batch-size=60", "--steps=600"]
    assert call(["train", "--certify", *words, *task, "--json"]) == 0
    summary = said(capsys)
    assert summary["certified"] is True
    assert call(["check", summary["id"], "--json"]) == 0

    assert (said(capsys)["cell"], call(["certify", summary["id"], "--json"])) == (cell, 0)
    assert said(capsys)["answer"] == "certified"
    assert "<svg" in rc.certify(Store().open(summary["id"]))._repr_html_()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.write_bytes(b""), "not a certificate"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "not a certificate"),
        (lambda path: path.write_bytes(bytes(range(256))), "not a certificate"),
        (lambda path: path.write_text('{"format": "ripplecarry certificate 1"}'), "is not in a store"),
        (
            lambda path: path.write_text(
                '{"format": "ripplecarry certificate 1", "run": "0123456789-torch-0"}'
            ),
            "is not in a store",
        ),
    ],
)
def test_a_file_that_is_no_certificate_gets_one_line_and_status_2(damage, words, capsys):
    Path("certificate.json").write_text(json.dumps({"format": "ripplecarry certificate 1", "x": [0] * 99}))
    damage(Path("certificate.json"))

    assert call(["check", "certificate.json"]) == 2

    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert words in output.err


def test_an_undertrained_network_is_refuted_and_its_copy_polished(capsys):
    assert call(["train", *SMALL, "--learning-rate=0.01", "--steps=100", "--json"]) == 0
    source = said(capsys)["id"]

    assert call(["certify", source, "--json"]) == 1
    answer = said(capsys)
    assert answer["answer"] == "refuted"
    wrong = answer["counterexample"]
    assert int(wrong["right"], 4) == sum(int(value, 4) for value in wrong["operands"])
    assert wrong["answer"] != wrong["right"]

    assert call(["runs", "--json"]) == 0
    assert [run["proof"] for run in said(capsys)] == ["refuted"]

    assert call(["certify", source, "--polish", "--json"]) == 0
    answer = said(capsys)
    polished = answer["polished"]["run"]
    assert polished != source
    assert call(["check", answer["certificate"]]) == 0
    config = json.loads(Path("results/runs", polished, "config.json").read_text())
    assert config["trial"]["polished_from"] == source
    capsys.readouterr()
    moved = f"polishing moved the weights by {answer['polished']['change']:.2%} of their norm"
    assert call(["certify", source, "--polish"]) == 0
    assert moved in capsys.readouterr().out
    assert call(["runs", "--json", "--where", f"polished_from = '{source}'"]) == 0
    assert [run["id"] for run in said(capsys)] == [polished]


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (None, "`ripplecarry certify` looks for a proof"),
        ("refuted", "the store holds a wrong answer of this run"),
        ("certified", "that the checker has accepted"),
        ("unchecked", "has yet to verify"),
    ],
)
def test_what_the_store_knows_stands_beside_what_tests_found(proof, words, capsys, monkeypatch):
    run = keep(Store("results"), exact_trial(2), exact_weights(2))
    monkeypatch.setattr(Store, "proof", lambda *_: proof)

    assert call(["extract", run.id]) == 0
    assert words in " ".join(capsys.readouterr().out.split())


def test_the_machine_of_a_wrong_network_is_told_in_digits(capsys):
    assert call(["train", *SMALL, "--learning-rate=0.01", "--steps=20", "--json"]) == 0
    run = said(capsys)["id"]

    assert call(["extract", run]) == 1

    shown = " ".join(capsys.readouterr().out.split())
    assert re.search(r"states at least [0-9]+; [0-9]+ of them learned", shown)
    assert "the network is not the task's machine" in shown
    pattern = (
        r"known: ([0-3]+) \+ ([0-3]+) = ([0-3]+) in base 4, the network answers ([0-3]+) \(first wrong"
    )
    first, second, right, given = (int(number, 4) for number in re.search(pattern, shown).groups())
    assert first + second == right != given
    assert "colour: the next state" in shown


def test_an_interrupted_certifying_run_resumes_to_the_same_certificate(tmp_path):
    from ripplecarry.errors import Interrupted
    from ripplecarry.runs.store import Store
    from ripplecarry.runs.trial import RunRequest, Trial
    from ripplecarry.sweeps.execute_run import execute_run

    settings = {"layers": 1, "hidden_size": 32, "base": 4, "digits": 5, "batch_size": 60, "steps": 120}
    request = RunRequest(Trial(certify=True, **settings), 0, "torch")
    stopped, whole = Store(tmp_path / "stopped"), Store(tmp_path / "whole")
    for stop_at in (7, 9):  # chunks of ten steps: within the first recipe, and in the second
        calls = []

        def is_stopped(calls=calls, stop_at=stop_at):
            calls.append(1)
            return len(calls) == stop_at

        with pytest.raises(Interrupted):
            execute_run(request, stopped, is_stopped=is_stopped)
    first, second = execute_run(request, stopped), execute_run(request, whole)

    for name in ("curves.parquet", "weights.safetensors", "checkpoints.safetensors"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()


def test_certify_from_python_answers_with_one_of_three():
    run = rc.train(steps=60, layers=1, hidden_size=16, digits=3, learning_rate=0.01)

    found = rc.certify(run)

    assert isinstance(found, rc.Counterexample)
    assert "the network answers" in found.sentence
