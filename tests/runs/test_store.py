import json
import os
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ripplecarry.engines.reference import ReferenceEngine
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError, Interrupted, StoreError
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.find import find
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.execute_run import execute_run
from ripplecarry.training.snapshots import snapshot_steps

RESULTS = ("curves.parquet", "weights.safetensors", "checkpoints.safetensors")
TINY = {"hidden_size": 6, "embedding_size": 3, "batch_size": 10, "digits": 3, "steps": 60}


def request(seed=0, **settings):
    return RunRequest(Trial(**TINY | settings), seed, "torch")


def test_a_run_leaves_a_folder_that_reads_back(store):
    run = execute_run(request(), store)

    assert sorted(path.name for path in run.folder.iterdir()) == [
        "checkpoints.safetensors", "config.json", "curves.parquet", "environment.json", "state.json",
        "weights.safetensors",
    ]  # fmt: skip
    assert run.outcome == "finished"
    assert run.trial == request().trial
    assert len(run.curves) == 60
    assert run.curves.exact_match.notna().sum() == 2
    assert run.environment["engine"] == "torch"
    assert run.network(__import__("torch").zeros(1, 4, 2).int()).shape == (1, 4, 10)
    assert not (store.root / "unfinished" / run.id).exists()


def test_the_same_configuration_and_seed_give_the_same_bits(store, tmp_path):
    first, second = (execute_run(request(), each) for each in (store, Store(tmp_path / "other")))

    for name in RESULTS:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()
    other = execute_run(request(seed=1), store)
    assert other.curves.loss.tolist() != first.curves.loss.tolist()


@pytest.mark.parametrize("optimiser", ["adam", "momentum"])
@pytest.mark.parametrize("engine", [open_engine().name, "torch"])
def test_interrupted_and_resumed_equals_uninterrupted(store, tmp_path, optimiser, engine):
    wanted = replace(request(optimiser=optimiser), engine=engine)
    whole = execute_run(wanted, Store(tmp_path / "other"))
    for stop_at in (1, 3, 2):
        calls = []

        def is_stopped(calls=calls, stop_at=stop_at):
            calls.append(1)
            return len(calls) == stop_at

        with pytest.raises(Interrupted, match="resumes"):
            execute_run(wanted, store, is_stopped=is_stopped)

    resumed = execute_run(wanted, store)

    for name in RESULTS:
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_the_weights_along_the_way_are_kept_rounded(store):
    run = execute_run(request(), store)

    assert list(run.snapshots) == [0, 1, 11, 21, 31, 41, 51, 60]
    start = initial_weights(run.trial, run.task, 0)
    for name, array in run.snapshots[0].items():
        assert (array == start[name].astype(np.float16)).all()
    for name, array in run.snapshots[60].items():
        assert (array == run.weights[name]).all()
    assert (run.snapshots[51]["dense.bias"] != run.snapshots[60]["dense.bias"]).any()


def test_a_run_that_takes_no_snapshots_has_the_same_results(store, tmp_path):
    kept = execute_run(request(), store)
    plain = execute_run(replace(request(), takes_snapshots=False), Store(tmp_path / "other"))

    assert not (plain.folder / "checkpoints.safetensors").exists()
    assert list(plain.snapshots) == [60]
    for name in RESULTS[:2]:
        assert (plain.folder / name).read_bytes() == (kept.folder / name).read_bytes()


@pytest.mark.parametrize("num_steps", [1, 2, 10, 60, 190, 200, 500, 1000, 5000, 100_000])
def test_at_most_nineteen_are_kept_and_they_spread_by_their_logarithm(num_steps):
    steps = snapshot_steps(num_steps, 17_610)

    assert steps[0] == 0
    assert sorted(set(steps)) == steps
    assert steps[-1] < num_steps
    assert len(steps) <= 19
    if num_steps >= 190:
        assert len(steps) == 19
        assert steps[-1] > 0.5 * num_steps - 10
        assert max(b / a for a, b in pairwise(steps[3:])) < 2


def test_large_networks_keep_fewer():
    counts = [
        len(snapshot_steps(1000, size)) for size in (10**5, 10**6, 4 * 10**6, 8 * 10**6, 10**7, 10**8)
    ]

    assert counts == [19, 16, 4, 2, 1, 0]
    assert snapshot_steps(1000, 4 * 10**6)[0] == 0
    assert 2 * 4 * 10**6 * 4 <= 2**25


def test_a_checkpoint_of_another_numerics_version_is_not_resumed(store, monkeypatch):
    with pytest.raises(Interrupted):
        execute_run(request(), store, is_stopped=lambda: True)
    monkeypatch.setattr("ripplecarry.sweeps.execute_run.NUMERICS_VERSION", 2)
    steps = []

    execute_run(request(), store, report=lambda progress: steps.append(progress.step))

    assert steps[0] == 1


def test_a_checkpoint_of_another_build_is_not_resumed(store, monkeypatch):
    with pytest.raises(Interrupted):
        execute_run(request(), store, is_stopped=lambda: True)
    monkeypatch.setattr(ReferenceEngine, "build", "torch 0.0")
    steps = []

    run = execute_run(request(), store, report=lambda progress: steps.append(progress.step))

    assert steps[0] == 1
    assert run.environment["build"] == "torch 0.0"


def test_a_finished_run_is_not_run_again(store):
    first = execute_run(request(), store)
    again = execute_run(request(), store)

    assert again.state == first.state


def test_a_diverged_run_is_a_recorded_result(store, monkeypatch):
    def overflowing(*args):
        weights = initial_weights(*args)
        return weights | {"dense.weight": weights["dense.weight"] * np.float32(1e39)}

    monkeypatch.setattr("ripplecarry.sweeps.training.initial_weights", overflowing)
    with np.errstate(over="ignore"):
        run = execute_run(request(layers=1), store)

    assert run.outcome == "diverged"
    assert len(run.curves) < 60
    assert not np.isfinite(run.curves.loss.iloc[-1])
    assert store.frame().outcome.tolist() == ["diverged"]


def test_a_folder_can_be_moved_and_copied_by_hand(store, tmp_path):
    run = execute_run(request(), store)
    moved = tmp_path / "elsewhere"
    shutil.copytree(run.folder, moved)
    shutil.rmtree(run.folder)

    assert Run.open(moved).curves.equals(find(Store(tmp_path), str(moved)).curves)
    assert store.ids() == []


@pytest.mark.parametrize(
    "name",
    ["config.json", "state.json", "environment.json", *RESULTS],
)
@pytest.mark.parametrize("damage", ["flip", "cut", "delete", "empty"])
def test_damage_is_noticed_and_named(store, name, damage):
    run = execute_run(request(), store)
    path = run.folder / name
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 4
    if damage == "delete":
        path.unlink()
    else:
        path.write_bytes({"flip": content, "cut": content[: len(content) // 2]}.get(damage, b""))

    def read_everything():
        damaged = Run.open(run.folder)
        return damaged.curves, damaged.weights, damaged.environment, damaged.snapshots

    with pytest.raises(StoreError, match=name.split(".")[0]):
        read_everything()


def test_a_newer_format_is_refused_by_its_number(store):
    run = execute_run(request(), store)
    from ripplecarry.runs import run_files

    config = json.loads((run.folder / "config.json").read_text()) | {"format": 99}
    state = json.loads((run.folder / "state.json").read_text())
    (run.folder / "config.json").write_bytes(run_files.to_json(config))
    state["files"]["config.json"] = run_files.checksum(run_files.to_json(config))
    state["checksum"] = run_files.state_checksum(state)
    (run.folder / "state.json").write_bytes(run_files.to_json(state))

    with pytest.raises(StoreError, match="format 99; this version reads format 1"):
        Run.open(run.folder)


def test_runs_are_found_by_any_unique_beginning(store):
    runs = [execute_run(request(seed=seed), store) for seed in (0, 1)]

    assert find(store, runs[0].id).seed == 0
    with pytest.raises(StoreError, match="fits 2 runs"):
        find(store, runs[0].id[:4])
    with pytest.raises(StoreError, match="no run 'nowhere'"):
        find(store, "nowhere")


def test_runs_are_found_by_their_settings_and_the_last_by_its_name(store):
    with pytest.raises(StoreError, match="no run 'last': there is no store at"):
        find(store, "last")
    store.prepare()
    with pytest.raises(StoreError, match="no run 'last'"):
        find(store, "last")
    runs = [execute_run(request(seed=seed), store) for seed in (1, 0)]
    os.utime(runs[0].folder / "state.json", ns=(0, 0))

    assert find(store, "last").id == runs[1].id
    assert find(store, "cell=RNN,seed=1").id == runs[0].id
    assert find(store, f"seed=1,learning_rate={runs[0].trial.learning_rate:e}").id == runs[0].id
    with pytest.raises(StoreError, match="'cell=rnn' fits 2 runs"):
        find(store, "cell=rnn")
    with pytest.raises(StoreError, match="no run 'seed=7'"):
        find(store, "seed=7")
    for words in ("seed=1,", "seed=1,velocity=3", "=", "machine=None"):
        with pytest.raises(ConfigurationError, match="not of the form cell=gru,seed=3"):
            find(store, words)
    with pytest.raises(ConfigurationError, match="unknown column 'celll'; did you mean cell"):
        find(store, "celll=gru")


def test_a_frame_of_no_store_says_so(tmp_path):
    with pytest.raises(StoreError, match=r"no store at .*nowhere; "):
        Store(tmp_path / "nowhere").frame()


def test_the_frame_filters_and_sorts(store):
    for cell, seed in (("rnn", 0), ("gru", 0), ("gru", 1)):
        execute_run(request(seed=seed, cell=cell), store)

    damaged: list[str] = []
    frame = store.frame("cell = 'gru'", "seed desc", damaged.append)

    assert not damaged

    assert frame.seed.tolist() == [1, 0]
    assert frame.hidden_size.tolist() == [6, 6]
    assert frame.lower_rate.isna().all()
    with pytest.raises(ConfigurationError, match="sell"):
        store.frame("sell = 'gru'")
    with pytest.raises(ConfigurationError):
        store.frame("exists (select * from read_text('/etc/hostname'))")


def test_the_frame_says_what_the_store_holds_on_each_run(store):
    ids = [execute_run(request(seed=seed), store).id for seed in range(5)]
    store.keep_certificate(ids[0], b"{}")
    store.keep_counterexample(ids[1], {"operands": ["1", "2"]})
    for run_id, failure in ((ids[2], {"operands": ["3", "4"]}), (ids[3], None)):
        evaluation = store.evaluation_folder(run_id) / "evaluation.json"
        evaluation.write_text(json.dumps({"failure": failure}))
    (store.evaluation_folder(ids[4]) / "evaluation.json").write_text("{")

    frame = store.frame(sort="seed")

    assert frame.proof.fillna("neither").tolist() == ["unchecked", *["refuted"] * 2, *["neither"] * 2]
    assert store.frame("proof = 'refuted'", "seed").id.tolist() == ids[1:3]
    assert [store.proof(store.open(run_id)) for run_id in ids] == [
        "unchecked",
        "refuted",
        "refuted",
        None,
        None,
    ]
    assert frame.metrics_read_after_step.tolist() == [(frame.steps_done[0] - 1) // 50 * 50] * 5


def test_a_store_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="is a file, and no store"):
        execute_run(request(), Store(tmp_path / "file"))


def test_the_frame_names_damaged_runs_and_keeps_the_others(store):
    runs = [execute_run(request(seed=seed), store) for seed in (0, 1)]
    (runs[0].folder / "state.json").write_text("{}")

    damaged: list[str] = []
    frame = store.frame(damaged=damaged.append)

    assert frame.seed.tolist() == [1]
    assert len(damaged) == 1
    assert runs[0].id in damaged[0]
    assert "--discard-damaged" in damaged[0]


KEPT = Path(__file__).parents[1] / "data" / "store_format_1"


def test_old_stores_stay_readable(tmp_path):
    """A store kept from format 1: two runs of 60 steps, an RNN and an LSTM."""
    store = Store(shutil.copytree(KEPT, tmp_path / "kept"))
    runs = [store.open(run_id).verify() for run_id in store.ids()]

    assert sorted(run.trial.cell for run in runs) == ["lstm", "rnn"]
    assert store.frame().steps_done.tolist() == [60, 60]
    for run in runs:
        assert len(run.curves) == 60
        assert list(run.snapshots) == [60]
        assert run.network.state_dict().keys() == run.weights.keys()
        # the runs are still those that these settings ask for
        assert RunRequest(run.trial, run.seed, run.engine).id == run.id
