"""Runs that start from another run's weights keep which weights these were."""

import json
import shutil

import pytest
from hand_made_adders import keep, random_weights

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.errors import Interrupted, StoreError
from ripplecarry.runs.merging import merge
from ripplecarry.runs.run_files import state_checksum
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.execute_run import execute_run
from ripplecarry.verification.proof import weights_hash

START = Trial(hidden_size=4, embedding_size=2, batch_size=5, digits=2, layers=1, steps=30)
OTHER = "started from run {0} with other weights than .* has as {0}"


@pytest.fixture
def stores(tmp_path):
    """Two stores with a run of the same id whose weights differ."""
    made = [Store(tmp_path / name) for name in ("ours", "theirs")]
    for seed, store in enumerate(made):
        keep(store, START, random_weights(START, seed))
    return made


def request(store):
    (start,) = store.ids()
    return RunRequest(START.model_copy(update={"start_from": start, "steps": 12}), 0, "torch")


def test_a_run_says_what_it_started_from(stores):
    ours, _ = stores
    wanted = request(ours)
    start = wanted.trial.started_from
    runs = [execute_run(wanted, store) for store in stores]

    assert runs[0].id == runs[1].id
    assert weights_hash(runs[0].weights) != weights_hash(runs[1].weights)
    for run, store in zip(runs, stores, strict=True):
        assert run.state["start_weights"] == weights_hash(store.open(start).weights)
        assert execute_run(wanted, store).id == run.id
    assert "start_weights" not in ours.open(start).state


def test_a_run_that_started_from_other_weights_is_not_taken_for_the_one_asked_for(stores):
    ours, theirs = stores
    wanted = request(ours)
    execute_run(wanted, theirs)
    shutil.copytree(theirs.run_folder(wanted.id), ours.run_folder(wanted.id))

    with pytest.raises(StoreError, match=OTHER.format(wanted.trial.start_from)):
        execute_run(wanted, ours)


def test_a_run_of_an_earlier_version_is_still_the_one_asked_for(stores):
    ours, theirs = stores
    wanted = request(ours)
    folder = execute_run(wanted, theirs).folder
    state = json.loads((folder / "state.json").read_text())
    del state["start_weights"], state["checksum"]
    (folder / "state.json").write_text(json.dumps(state | {"checksum": state_checksum(state)}))
    shutil.copytree(folder, ours.run_folder(wanted.id))

    assert execute_run(wanted, ours).id == wanted.id


def test_merging_leaves_out_a_run_that_started_from_other_weights(stores):
    ours, theirs = stores
    run = execute_run(request(theirs), theirs)

    merged = merge([theirs.root], ours)

    assert merged.differing == [run.trial.start_from]
    assert "with other weights than" in merged.damaged[run.id]
    assert not ours.has(run.id)


def test_a_checkpoint_of_other_starting_weights_is_not_resumed(stores):
    ours, theirs = stores
    wanted = request(ours)
    alone = execute_run(wanted, theirs)
    shutil.rmtree(alone.folder)
    with pytest.raises(Interrupted):
        execute_run(wanted, ours, is_stopped=lambda: True)
    shutil.copytree(
        ours.unfinished_folder(wanted.id), theirs.unfinished_folder(wanted.id), dirs_exist_ok=True
    )

    steps = []
    resumed = execute_run(wanted, theirs, report=lambda progress: steps.append(progress.first_step))

    assert set(steps) == {0}
    assert weights_hash(resumed.weights) == weights_hash(alone.weights)


@pytest.mark.parametrize("command", ["train", "certify"])
def test_a_run_of_another_store_is_no_start(command, stores, capsys):
    ours, theirs = stores
    start = str(theirs.run_folder(theirs.ids()[0]))
    words = ["certify", start, "--polish"] if command == "certify" else ["train", f"--start-from={start}"]

    assert call([*words, f"--store={ours.root}"]) == 2
    assert f"{start} is a run of another store than {ours.root}" in capsys.readouterr().err


def test_a_start_that_is_not_there_is_one_line(stores):
    ours, _ = stores
    wanted = request(ours)
    shutil.rmtree(ours.run_folder(wanted.trial.start_from))

    with pytest.raises(
        StoreError, match=f"training starts from run {wanted.trial.start_from}, which is not in"
    ):
        execute_run(wanted, ours)


def test_a_polished_copy_says_what_it_started_from(stores):
    ours, _ = stores
    (start,) = ours.ids()
    settings = START.model_dump(exclude_defaults=True) | {
        "certify": True,
        "polished_from": start,
        "steps": 1,
    }

    run = rc.train(**settings, store=ours.root)

    assert run.state["start_weights"] == weights_hash(ours.open(start).weights)
