"""Files of a run or checkpoint that are gone or changed: named, kept, and redone when asked."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import safetensors.numpy
from doomed_sweeps import ENGINE, ONE_RUN, STUDY, Doom, contents, run_to_the_end

from ripplecarry.cli import call
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import DamageError, Interrupted, StoreError
from ripplecarry.runs.damage import discard_damaged
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.sweeps.execute_run import execute_run
from ripplecarry.sweeps.sweep import sweep
from ripplecarry.training.checkpoint import check_checkpoint

FILES = (
    "checkpoints.safetensors",
    "config.json",
    "curves.parquet",
    "environment.json",
    "state.json",
    "weights.safetensors",
)
DAMAGES = ("flip", "cut", "grow", "empty", "delete")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store of four runs, to be copied."""
    store = tmp_path_factory.mktemp("made") / "store"
    run_to_the_end(store, STUDY)
    return store


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A store with one run that was killed at half its way, to be copied."""
    store = tmp_path_factory.mktemp("begun") / "store"
    run_to_the_end(store, ONE_RUN, Doom(40))
    (path,) = store.glob("unfinished/*/checkpoint.safetensors")
    assert path.stat().st_size > 0
    return store


@pytest.fixture
def store(made, tmp_path):
    shutil.copytree(made, tmp_path / "store")
    return Store(tmp_path / "store")


def damage(path, how, place=0.5):
    content = bytearray(path.read_bytes())
    if how == "flip":
        content[min(int(place * len(content)), len(content) - 1)] ^= 1 << 2
    new = {"cut": content[: int(place * len(content))], "grow": content + b"\0", "empty": b""}
    path.unlink()
    if how != "delete":
        path.write_bytes(new.get(how, content))


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_run_is_named_kept_and_redone_when_asked(store, made, name, how, capsys):
    victim = store.run_folder(STUDY[0].id)
    damage(victim / name, how)
    left = contents(victim) if name != "state.json" else None

    with pytest.raises(DamageError, match=name):
        store.open(victim.name).verify()
    result = sweep(STUDY, store, num_workers=1)
    assert result.finished  # the whole ones; the damaged one is neither redone nor touched
    if left is not None:
        assert contents(victim) == left

    assert call(["runs", "--discard-damaged", "--store", str(store.root), "--json"]) == 0
    assert f"deleted: {victim}" in capsys.readouterr().err
    assert store.ids() == sorted(request.id for request in STUDY[1:])
    sweep(STUDY, store, num_workers=1)
    assert contents(store.root) == contents(made)


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_byte_is_noticed(store, name):
    path = store.run_folder(STUDY[0].id) / name
    whole = path.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 97)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        with pytest.raises(DamageError):
            Run.check(path.parent)
    path.write_bytes(whole)
    assert Run.check(path.parent).id == STUDY[0].id


def test_whole_runs_are_never_discarded(store):
    before = contents(store.root)

    assert discard_damaged(store) == []

    assert contents(store.root) == before


def test_what_cannot_be_read_now_is_not_discarded(store, monkeypatch):
    def unreadable(path, most_bytes=None):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("ripplecarry.runs.run_files.read_whole", unreadable)
        with pytest.raises(StoreError, match="cannot be read: Permission denied"):
            store.open(STUDY[0].id)
        assert discard_damaged(store) == []

    assert len(store.ids()) == 4


def test_a_newer_format_and_a_strangers_folder_are_not_discarded(store):
    from ripplecarry.runs import run_files

    newer = store.run_folder(STUDY[0].id)
    config = json.loads((newer / "config.json").read_text()) | {"format": 2}
    state = json.loads((newer / "state.json").read_text())
    (newer / "config.json").write_bytes(run_files.to_json(config))
    state["files"]["config.json"] = run_files.checksum(run_files.to_json(config))
    state["checksum"] = run_files.state_checksum(state)
    (newer / "state.json").write_bytes(run_files.to_json(state))
    (store.root / "runs" / "notes").mkdir()

    assert discard_damaged(store) == []

    assert newer.is_dir()
    assert (store.root / "runs" / "notes").is_dir()


def test_discarding_is_of_the_whole_store(store, capsys):
    assert call(["runs", STUDY[0].id, "--discard-damaged", "--store", str(store.root)]) == 2
    assert "leave the run out" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["flip", "cut", "grow", "empty"])
@pytest.mark.parametrize("place", [0.0, 0.01, 0.04, 0.06, 0.3, 0.999])
def test_a_damaged_checkpoint_is_named_and_the_run_begun_anew_when_asked(begun, tmp_path, how, place):
    store = Store(shutil.copytree(begun, tmp_path / "begun"))
    (path,) = store.root.glob("unfinished/*/checkpoint.safetensors")
    damage(path, how, place)

    with pytest.raises(DamageError, match="checkpoint"):
        execute_run(ONE_RUN[0], store)
    assert path.is_file()

    (words,) = discard_damaged(store)
    assert "checkpoint.safetensors is" in words
    assert execute_run(ONE_RUN[0], store).outcome == "finished"


def test_a_whole_checkpoint_is_kept_and_resumed(begun, tmp_path):
    store = Store(shutil.copytree(begun, tmp_path / "begun"))
    steps = []

    assert discard_damaged(store) == []

    execute_run(ONE_RUN[0], store, report=lambda progress: steps.append(progress.step))
    assert steps[0] > 1


def test_a_checkpoint_that_another_wrote_is_refused_in_a_line(begun, tmp_path):
    store = Store(shutil.copytree(begun, tmp_path / "begun"))
    (path,) = store.root.glob("unfinished/*/checkpoint.safetensors")
    with safetensors.safe_open(path, framework="numpy") as file:
        identity = file.metadata()["identity"]
    no_checksum = "0" * 64
    good = safetensors.numpy.load(path.read_bytes())
    small = np.zeros(1, dtype=np.float32)
    for changed in (
        {},
        good | {"state/dense.weight": small},
        good | {"state/optimiser.first": small},
        {name: array for name, array in good.items() if name != "curve/loss"},
        good | {"step": np.zeros(3)},
    ):
        content = safetensors.numpy.save(changed, {"identity": identity, "sha256": no_checksum})
        checksum = hashlib.sha256(content).hexdigest()
        path.write_bytes(content.replace(no_checksum.encode(), checksum.encode(), 1))
        assert check_checkpoint(path)
        with pytest.raises(DamageError, match="not a checkpoint of this run"):
            execute_run(ONE_RUN[0], store)


def test_a_run_that_ended_early_is_not_trained_on_after_a_stop(tmp_path, monkeypatch):
    """Stopped while its exactness is measured, after it diverged."""
    from ripplecarry.sweeps import execute_run as module
    from ripplecarry.sweeps import training

    trial = ONE_RUN[0].trial.model_copy(update={"exactness_to": 40})
    request = type(ONE_RUN[0])(trial, 0, ENGINE)
    initial = training.initial_weights

    def overflowing(*arguments):
        weights = initial(*arguments)
        return weights | {"dense.weight": weights["dense.weight"] * np.float32(1e39)}

    monkeypatch.setattr(training, "initial_weights", overflowing)
    with np.errstate(all="ignore"):
        whole = execute_run(request, Store(tmp_path / "whole"))
        assert whole.outcome == "diverged"
        is_measuring = []
        measure = module.exactness_at_the_end

        def measured(*arguments):
            is_measuring.append(1)
            return measure(*arguments)

        monkeypatch.setattr(module, "exactness_at_the_end", measured)
        with pytest.raises(Interrupted):
            execute_run(request, Store(tmp_path / "other"), is_stopped=lambda: bool(is_measuring))
        resumed = execute_run(request, Store(tmp_path / "other"))

    assert contents(resumed.folder) == contents(whole.folder)
    assert open_engine(ENGINE).name == request.engine
