"""The estimate of how strongly a run forgets: kept for its weights alone, read again, listed, merged."""

import json
import shutil

import pytest
import safetensors.numpy
from gated_adders import gated_adder, lstm_memory
from hand_made_adders import carryless_weights, exact_trial, exact_weights, keep, random_weights

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.runs.imported_run import import_run
from ripplecarry.runs.merging import merge
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import Trial
from ripplecarry.sweeps import certifying
from ripplecarry.verification.forgetting import NUM_POSITIONS, Forgetting

FOUND = Forgetting(tuple(2.0 ** -(k + 1) for k in range(NUM_POSITIONS)))


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def exact():
    return keep(Store(), exact_trial(2), exact_weights(2))


@pytest.fixture
def undecided(tmp_path):
    """An LSTM that is right and has no proof."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(safetensors.numpy.save(gated_adder("lstm", lstm_memory(25.0))))
    return import_run(path, 9, Store())


def said(capsys):
    return json.loads(capsys.readouterr().out)


def listed(capsys, where):
    assert call(["runs", "--where", where, "--json"]) == 0
    return [(row["id"], row["forgetting"]) for row in said(capsys)]


@pytest.mark.parametrize(
    ("weights", "answer", "status"), [(exact_weights, "certified", 0), (carryless_weights, "refuted", 1)]
)
def test_certify_estimates_any_run_that_it_is_asked_of(weights, answer, status, capsys):
    run = keep(Store(), exact_trial(2), weights(2))

    assert call(["certify", run.id, "--json"]) == status
    assert "forgetting" not in said(capsys)
    assert Store().forgetting(run) is None

    assert call(["certify", run.id, "--forgetting", "--json"]) == status
    told = said(capsys)
    assert (told["answer"], len(told["forgetting"])) == (answer, NUM_POSITIONS)
    assert Store().forgetting(run).ratios == tuple(told["forgetting"])


@pytest.mark.parametrize("kept", ["exact", "undecided"])
def test_a_kept_estimate_is_told_and_not_made_again(kept, request, capsys, monkeypatch):
    run = request.getfixturevalue(kept)
    Store().keep_forgetting(run, FOUND)
    monkeypatch.setattr(certifying, "estimate_forgetting", lambda *_: pytest.fail("it was estimated again"))

    assert call(["certify", run.id, "--forgetting"]) == (kept == "undecided")

    assert capsys.readouterr().out.count(FOUND.sentence) == 1


def test_where_nothing_is_decided_the_estimate_is_made_and_kept_unasked(undecided):
    found = rc.certify(undecided)

    assert isinstance(found, rc.Unknown)
    assert found.forgetting == Store().forgetting(undecided) is not None


def test_a_store_that_cannot_be_written_hides_no_estimate(exact, capsys):
    (Store().root / "forgetting").write_text("")

    assert call(["certify", exact.id, "--forgetting"]) == 0

    assert "forgetting: it forgets" in capsys.readouterr().out


def test_a_state_of_too_many_numbers_gets_none_and_that_is_said_in_one_line(capsys):
    trial = Trial(hidden_size=513, layers=1, embedding_size=2, digits=2, base=2)
    run = keep(Store(), trial, random_weights(trial))

    assert call(["certify", run.id, "--forgetting", "--json"]) == 1

    told = capsys.readouterr()
    assert json.loads(told.out)["forgetting"] is None
    lines = [line for line in told.err.splitlines() if "no estimate" in line]
    assert len(lines) == 1
    assert "the network's state has 513 numbers; at most 512 are allowed" in lines[0]
    assert not (Store().root / "forgetting").exists()


def test_other_weights_under_the_same_id_have_no_estimate(exact):
    other = keep(Store("other"), exact_trial(2), carryless_weights(2))
    assert other.id == exact.id
    Store().keep_forgetting(exact, FOUND)

    shutil.copytree(Store().root / "forgetting", Store("other").root / "forgetting")

    assert Store().forgetting(exact) == FOUND
    assert Store("other").forgetting(other) is None
    assert Store("other").rows()[0][0]["forgetting"] is None


def test_an_estimate_under_another_runs_name_is_ignored(exact):
    other = keep(Store(), exact_trial(2), exact_weights(2), seed=1)
    Store().keep_forgetting(exact, FOUND)

    shutil.copy(Store().forgetting_path(exact.id), Store().forgetting_path(other.id))

    assert Store().forgetting(other) is None


def changed(**values):
    return lambda content: json.dumps(json.loads(content) | values).encode()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-5],
        lambda content: b"[" * 60_000,
        lambda content: content + b" " * 2**16,
        lambda content: json.dumps([content.decode()]).encode(),
        lambda content: json.dumps(content.decode()).encode(),
        changed(format="ripplecarry forgetting 2"),
        changed(run="0123456789-torch-0"),
        changed(weights_sha256="0" * 64),
        changed(ratios=None),
        changed(ratios=list(FOUND.ratios[1:])),
        changed(ratios=[*FOUND.ratios[1:], -0.5]),
        changed(ratios=[*FOUND.ratios[1:], float("nan")]),
        changed(ratios=[*FOUND.ratios[1:], float("inf")]),
        changed(ratios=[*FOUND.ratios[1:], 10**400]),
        changed(ratios=[*FOUND.ratios[1:], "half"]),
        changed(more=1),
    ],
)
def test_a_damaged_or_foreign_file_is_ignored(damage, exact):
    Store().keep_forgetting(exact, FOUND)
    path = Store().forgetting_path(exact.id)
    assert Store().forgetting(exact) == FOUND

    path.write_bytes(damage(path.read_bytes()))

    assert Store().forgetting(exact) is None
    assert Store().rows()[0][0]["forgetting"] is None


def test_listings_have_it_as_a_column_which_tables_explain(exact, capsys):
    bare = keep(Store(), exact_trial(2), exact_weights(2), seed=1)
    Store().frame()  # an index that knows of no estimate
    assert call(["runs"]) == 0
    assert "forgetting" not in capsys.readouterr().out
    Store().keep_forgetting(exact, FOUND)

    assert listed(capsys, "true") == [(exact.id, FOUND.factor), (bare.id, None)]
    assert listed(capsys, "forgetting < 1") == [(exact.id, FOUND.factor)]
    assert listed(capsys, "forgetting is null") == [(bare.id, None)]
    assert call(["runs"]) == 0
    table = capsys.readouterr().out
    assert "0.003906" in table
    assert "forgetting: by how much 8 positions multiply" in table
    assert call(["runs", exact.id]) == 0
    assert "forgetting" in capsys.readouterr().out
    assert call(["runs", exact.id, "--json"]) == 0
    assert said(capsys)["forgetting"] == FOUND.factor
    assert rc.list_runs(exact).forgetting.tolist() == [FOUND.factor]


def test_a_column_of_no_estimates_can_be_asked_about(exact, capsys):
    assert listed(capsys, "forgetting > 0") == []


def test_merging_takes_it_along_where_the_weights_are_the_same(exact):
    other = keep(Store("other"), exact_trial(2), carryless_weights(2))
    Store().keep_forgetting(exact, FOUND)

    assert merge([Store().root], Store("new")).added == [exact.id]
    assert merge([Store().root], Store("other")).differing == [exact.id]

    assert Store("new").forgetting(Store("new").open(exact.id)) == FOUND
    assert Store("other").forgetting(other) is None
    assert not Store("other").forgetting_path(exact.id).exists()
