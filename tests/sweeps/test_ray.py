"""The executor ray: the same bits as on this machine alone, whatever dies on the way."""

import json
import socket
import subprocess
import sys

import pytest
from ray_sweeps import REQUESTS, STARTED

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.store import Store
from ripplecarry.sweeps.sweep import sweep

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The store of an undisturbed sweep in this process."""
    store = Store(tmp_path_factory.mktemp("alone"))
    assert len(sweep(REQUESTS, store, num_workers=1, executor="inline").finished) == len(REQUESTS)
    return store


def run(scenario, store):
    program = f"{__file__.rpartition('/')[0]}/ray_sweeps.py"
    words = [sys.executable, program, scenario, str(store.root)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=600, check=True)
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def assert_equal(store, alone):
    assert store.ids() == alone.ids()
    for run_id in alone.ids():
        for name in ("config.json", "curves.parquet", "weights.safetensors"):
            theirs = store.open(run_id).verify().folder / name
            assert theirs.read_bytes() == (alone.run_folder(run_id) / name).read_bytes()


def test_a_worker_killed_a_node_removed_and_one_added_lose_nothing(store, alone):
    (told,) = run("lost", store)

    assert told["failed"] == {}
    assert told["finished"] == sorted(request.id for request in REQUESTS)
    assert told["told"] == len(REQUESTS)
    assert told["heard"]
    assert told["killed"] == 1
    assert_equal(store, alone)


def test_a_driver_killed_is_resumed_and_what_was_finished_stays(store, alone):
    (told,) = run("killed", store)

    assert 2 <= told["before"] < len(REQUESTS)
    assert told["untouched"]
    assert told["failed"] == {}
    assert_equal(store, alone)


def test_a_run_that_starts_from_another_has_it_on_its_node(tmp_path):
    stores = [Store(tmp_path / name) for name in ("here", "there")]
    for each in stores:
        sweep(REQUESTS[:1], each, num_workers=1, executor="inline")
    sweep([STARTED], stores[0], num_workers=1, executor="inline")

    (told,) = run("started", stores[1])

    assert told["failed"] == {}
    assert_equal(stores[1], stores[0])


@pytest.mark.enable_socket
def test_an_address_where_nobody_listens_is_refused_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    from ripplecarry.sweeps.ray_pool import open_ray_pool

    words = f"no Ray cluster at {address}: connection refused"
    with pytest.raises(ConfigurationError, match=words), open_ray_pool(None, address):
        pass


@pytest.mark.parametrize("address", ["bad:x", "nowhere", ":6379", "host:99999"])
def test_what_is_no_address_is_refused_at_once(address):
    from ripplecarry.sweeps.ray_pool import open_ray_pool

    words = f"{address!r} is not the address of a Ray cluster; give HOST:PORT or auto"
    with pytest.raises(ConfigurationError, match=words), open_ray_pool(None, address):
        pass
