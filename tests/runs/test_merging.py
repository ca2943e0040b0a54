"""Shards and their joining."""

import json
import shutil

import numpy as np
import pytest
import safetensors.numpy
from hand_made_adders import exact_trial, exact_weights, keep

from ripplecarry.cli import call
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.weights_file import write_weights
from ripplecarry.runs.merging import merge
from ripplecarry.runs.parquet import read_table, write_table
from ripplecarry.runs.run_files import checksum, state_checksum
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.shard import Shard
from ripplecarry.sweeps.sweep import sweep

TINY = Trial(hidden_size=4, embedding_size=2, batch_size=5, digits=2, steps=20)
TRIALS = [TINY.model_copy(update={"layers": layers}) for layers in (1, 2)]
REQUESTS = [RunRequest(trial, seed, "torch") for trial in TRIALS for seed in range(4)]


@pytest.mark.parametrize("count", [1, 3, 8, 11])
def test_shards_are_the_whole_and_share_nothing(count):
    parts = [Shard(number, count).of(REQUESTS[::-1] + REQUESTS) for number in range(1, count + 1)]

    assert sorted(r.id for part in parts for r in part) == sorted(r.id for r in REQUESTS)
    costs = [sum(request.trial.cost for request in part) for part in parts]
    assert max(costs) - min(costs) <= max(request.trial.cost for request in REQUESTS)


@pytest.mark.parametrize("words", ["", "3", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1 / 4"])
def test_a_part_that_there_is_not_is_refused(words):
    with pytest.raises(ConfigurationError, match="it must be like 3/16"):
        Shard.read(words)


def test_shards_in_folders_of_their_own_join_to_the_whole(tmp_path):
    whole, joined = Store(tmp_path / "whole"), Store(tmp_path / "joined")
    sweep(REQUESTS, whole, num_workers=1)
    folders = []
    for number in (3, 1, 2):
        store = Store(tmp_path / f"shard{number}")
        sweep(Shard(number, 3).of(REQUESTS), store, num_workers=1)
        folders.append(store.root)

    merged = merge(folders, joined)

    assert sorted(merged.added) == joined.ids() == whole.ids()
    for run_id in whole.ids():
        for name in ("curves.parquet", "weights.safetensors"):
            ours = joined.open(run_id).verify().folder / name
            assert ours.read_bytes() == (whole.run_folder(run_id) / name).read_bytes()
    assert merge([whole.root], joined).known == whole.ids()


def test_damaged_and_differing_runs_are_named_and_nothing_is_lost(tmp_path, capsys):
    first, second = Store(tmp_path / "first"), Store(tmp_path / "second")
    sweep(REQUESTS[:3], first, num_workers=1)
    sweep(REQUESTS[:3], second, num_workers=1)
    damaged, differing, missing = first.ids()
    weights = second.run_folder(damaged) / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    replace_result(second, differing, "curves.parquet")
    shutil.rmtree(first.run_folder(missing))

    assert call(["merge", str(second.root), "--store", str(first.root)]) == 1

    told = capsys.readouterr()
    assert "added: 1" in told.out
    assert f"{differing} is there with other results" in told.err
    assert "weights.safetensors is damaged" in told.err
    assert first.ids() == sorted([damaged, differing, missing])
    assert all(first.open(run_id).verify() for run_id in first.ids())


@pytest.mark.parametrize("arguments", [["merge"], ["merge", "nowhere"], ["study", "layers", "--shard=9/2"]])
def test_bad_input_is_one_line_and_status_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert call(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def replace_result(store, run_id, name, content=None):
    """The run as another machine might have made it: whole, with other curves."""
    folder = store.run_folder(run_id)
    if content is None:
        curves = read_table((folder / name).read_bytes())
        content = write_table(curves.assign(loss=curves.loss + np.float32(1)))
    (folder / name).write_bytes(content)
    state = json.loads((folder / "state.json").read_text())
    state["files"][name] = checksum(content)
    state["sizes"][name] = len(content)
    state["checksum"] = state_checksum(state)
    (folder / "state.json").write_text(json.dumps(state))


def test_runs_whose_files_name_no_cell_are_the_same_runs(store, tmp_path):
    """As older versions wrote them: merging finds the same weights."""
    run = keep(store, exact_trial(10), exact_weights(10))
    other = Store(shutil.copytree(store.root, tmp_path / "older"))
    replace_result(other, run.id, "weights.safetensors", safetensors.numpy.save(run.weights))

    assert merge([other.root], store).known == [run.id]
    replace_result(other, run.id, "weights.safetensors", write_weights(run.weights | changed(run), "rnn"))
    assert merge([other.root], store).differing == [run.id]


def changed(run):
    return {"dense.bias": np.nextafter(run.weights["dense.bias"], np.float32(9))}
