"""The index of a store gives what reading every folder gives, and notices what changed."""

import json
import os
import shutil

import pytest

from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.sweep import sweep

TINY = Trial(hidden_size=4, embedding_size=2, batch_size=5, digits=2, steps=20)
REQUESTS = [RunRequest(TINY, seed, "torch") for seed in range(4)]


@pytest.fixture
def filled(store):
    sweep(REQUESTS, store, num_workers=1)
    return store


def test_the_second_listing_opens_no_run_and_says_the_same(filled, monkeypatch):
    first = filled.frame()
    monkeypatch.setattr(Store, "open", lambda self, run_id: pytest.fail("a run was opened"))

    damaged: list[str] = []
    second = filled.frame(damaged=damaged.append)

    assert first.equals(second)
    assert len(second) == 4
    assert second.exact_match.notna().all()
    assert damaged == []


def test_what_came_went_or_changed_is_read_again(filled):
    filled.frame()
    first, second, third, _ = filled.ids()
    shutil.rmtree(filled.run_folder(first))
    (filled.run_folder(second) / "weights.safetensors").unlink()
    state = filled.run_folder(third) / "state.json"
    state.write_text(state.read_text().replace("finished", "diverged", 1))
    sweep([RunRequest(TINY, 9, "torch")], filled, num_workers=1)

    damaged: list[str] = []
    frame = filled.frame(damaged=damaged.append)

    assert first not in set(frame.id)
    assert 9 in set(frame.seed)
    assert len(frame) == 2
    assert len(damaged) == 2
    assert any("weights.safetensors is missing" in words for words in damaged)
    assert any("state.json is damaged" in words for words in damaged)


@pytest.mark.parametrize("name", ["weights.safetensors", "curves.parquet"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_another_size_is_named_by_the_listing(filled, name, change):
    filled.frame()
    victim = filled.run_folder(filled.ids()[0])
    size = (victim / name).stat().st_size
    os.truncate(victim / name, size + change)

    for _ in range(2):
        damaged: list[str] = []
        frame = filled.frame(damaged=damaged.append)
        (words,) = damaged
        assert len(frame) == 3
        assert f"{name} is damaged: it has {size + change} bytes instead of {size}" in words

    os.truncate(victim / name, size)
    assert len(filled.frame()) == 4  # a listing reads no bytes of it


@pytest.mark.parametrize(
    "rubbish", ["", "{}", "[1]", "null", '{"format": 1}', '{"format": 1, "columns": [], "rows": {}}']
)
def test_an_index_that_is_none_is_made_again(filled, rubbish):
    frame = filled.frame()
    index = filled.root / "index.json"
    index.write_text(rubbish)

    assert filled.frame().equals(frame)
    assert len(json.loads(index.read_text())["rows"]) == 4


def test_an_index_of_other_columns_is_not_used(filled):
    frame = filled.frame()
    index = filled.root / "index.json"
    content = json.loads(index.read_text())
    content["columns"] = content["columns"][1:]
    index.write_text(json.dumps(content))

    assert filled.frame().equals(frame)


def test_a_store_that_is_only_read_is_listed(filled, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ripplecarry.runs.index.write_atomically", full)

    assert len(filled.frame()) == 4
