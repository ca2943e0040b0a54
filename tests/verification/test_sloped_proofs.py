"""Proofs of ordinary networks: found, kept, read again, and gone with a wrong weight."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkers import by_the_package, certificate_bytes, weights_bytes
from planted_faults import Planted, planted
from sloped_certificates import (
    BY_LAST_SYMBOL,
    BY_TWO_SYMBOLS,
    SETTINGS,
    proved,
    trained,
)

import ripplecarry as rc
from ripplecarry.arithmetic.tasks import addition
from ripplecarry.cli import call
from ripplecarry.engines.registry import open_engine
from ripplecarry.runs.imported_run import import_run
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.verification.certificate import Certificate
from ripplecarry.verification.certificate_file import SLOPED_BOXES, preactivation_boxes, read_certificate
from ripplecarry.verification.check import check
from ripplecarry.verification.find_sloped_boxes import Round, find_sloped_boxes, is_small_enough
from ripplecarry.verification.proof import weights_hash
from ripplecarry.verification.sloped_boxes import PositionBounds

FAULTS = {each.name: each for each in planted()}
OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items()]


@pytest.fixture
def run(tmp_path) -> Run:
    return rc.train(**SETTINGS, seed=BY_LAST_SYMBOL, store=tmp_path)


def said(capsys) -> Any:
    return json.loads(capsys.readouterr().out)


def test_an_ordinary_network_is_certified_and_its_certificate_read_again(run, tmp_path):
    certificate = rc.certify(run, store=tmp_path)

    assert isinstance(certificate, Certificate)
    path = Store(tmp_path).certificate_path(run.id)
    content = read_certificate(path.read_bytes())
    assert content == certificate.content
    assert content["format"] == SLOPED_BOXES
    proof = check(content, run.weights, task=run.task, cell="rnn")
    assert proof.as_dict() == certificate.proof.as_dict()
    assert proof.margin >= content["margin"] > 0.9999 * proof.margin
    assert rc.certify(run, store=tmp_path).content == content
    assert "<svg" in certificate._repr_html_()


def test_the_command_line_certifies_an_ordinary_network(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(["train", *OPTIONS, "--seed", str(BY_LAST_SYMBOL), "--json"]) == 0
    number = said(capsys)["id"]

    assert call(["certify", number, "--json"]) == 0
    answer = said(capsys)

    assert (answer["answer"], answer["run"], answer["cell"]) == ("certified", number, "rnn")
    content = json.loads((tmp_path / answer["certificate"]).read_text())
    assert content["format"] == SLOPED_BOXES
    assert call(["check", answer["certificate"]]) == 0
    assert "margin" in capsys.readouterr().out
    assert call(["certify", number]) == 0
    output = capsys.readouterr()
    assert "checking the existing certificate" in output.err
    assert content["statement"] in output.out


@pytest.mark.parametrize("part", ["slopes", "high"])
def test_a_box_around_a_set_that_exceeds_float64_has_no_end(part):
    _, _, content = proved()
    largest, history = float(np.finfo(np.float64).max), content["histories"][-1]
    history |= {"along": [0.0, largest], "slopes": [1.0] * len(history["slopes"])}
    history[part] = [largest] * len(history[part])

    boxes = preactivation_boxes(content)

    assert boxes is not None
    (box,) = boxes[str(history["state"])]
    assert set(box["high"]) == {np.inf}
    assert np.isfinite(box["low"]).all()


def unknown(fault: Planted, folder: Path, capsys) -> dict[str, Any]:
    """What the command line says in JSON of a network that it neither proves nor refutes."""
    path = folder / "weights.safetensors"
    path.write_bytes(weights_bytes(fault.weights))
    run = import_run(path, 9, Store(folder))
    assert call(["certify", run.id, "--store", str(folder), "--json"]) == 1
    answer = said(capsys)
    assert answer["answer"] == "unknown"
    return answer


def test_unknown_says_how_far_the_search_came(capsys, tmp_path):
    """Of a network whose logits are too small to be told apart; many of its states coincide."""
    answer = unknown(FAULTS["faint logits"], tmp_path, capsys)
    last = Round(**answer["last_round"])

    assert last.margin < 0 or last.num_open
    assert f"; of sloped boxes {last.words}; " in answer["why"]


def test_a_search_that_is_not_for_the_cell_has_no_last_round(capsys, tmp_path):
    answer = unknown(FAULTS["latched GRU"], tmp_path, capsys)

    assert answer["last_round"] is None
    assert "sloped" not in answer["why"]


def wrongly_changed(seed: int, name: str):
    """The network with one weight changed by as little as makes some tested answer wrong."""
    trial, weights = trained(seed)
    task = trial.build_task()
    random = np.random.default_rng(0)
    operands = random.integers(0, task.base, (500, 20, 2), dtype=np.uint8)
    place = int(random.integers(weights[name].size))
    for size in 2.0 ** np.arange(-6, 8):
        for sign in (1, -1):
            changed = {key: array.copy() for key, array in weights.items()}
            changed[name].flat[place] += sign * size
            found = open_engine().load(trial, task, changed).answers(operands)
            if (found != task.answer(operands)).any():
                return changed
    raise AssertionError("no change of this weight is too large")


@pytest.mark.parametrize("seed", [BY_LAST_SYMBOL, BY_TWO_SYMBOLS])
@pytest.mark.parametrize("name", list(trained(BY_LAST_SYMBOL)[1]))
def test_a_network_that_one_weight_makes_wrong_is_refused_with_the_same_sets(name, seed):
    _, _, content = proved(seed)
    weights = wrongly_changed(seed, name)
    content["weights_sha256"] = weights_hash(weights)

    refusal = by_the_package(weights_bytes(weights), certificate_bytes(content))

    assert refusal is not None
    assert re.search("may be wrong|leads out", refusal)


def test_states_that_coincide_are_grouped_without_a_warning():
    fault = FAULTS["lucky ties"]
    rounds: list[Round] = []
    bounds = PositionBounds(fault.weights, fault.task.machine, fault.base, 2)

    assert find_sloped_boxes(bounds, 0, report=rounds.append) is None
    assert {each.num_sets for each in rounds} == {33, rounds[-1].num_sets}
    assert rounds[-1].num_sets > 33


@pytest.mark.parametrize(
    ("base", "num_units", "is_small"),
    [(2, 256, True), (2, 257, False), (10, 64, True), (10, 222, True), (10, 224, False), (36, 1, False)],
)
def test_the_search_is_for_networks_that_memory_holds(base, num_units, is_small):
    assert is_small_enough(addition(base).machine, num_units) == is_small
