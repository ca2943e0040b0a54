"""Sweeps that are killed, anywhere, and resumed: nothing lost, doubled or wrong."""

import random
import signal
import time

import pytest
from doomed_sweeps import ONE_RUN, STUDY, TORCH_STUDY, Doom, contents, fresh, run_to_the_end, start


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the store holds when nothing happens, how long it took, and how often one run writes."""
    study, run = (tmp_path_factory.mktemp("undisturbed") / name for name in ("study", "run"))
    run_to_the_end(run, ONE_RUN)  # the first process loads what the others share
    began = time.perf_counter()
    assert len(run_to_the_end(study, STUDY, num_workers=2).finished) == len(STUDY)
    took_s = time.perf_counter() - began
    num_boundaries = run_to_the_end(fresh(run), ONE_RUN).num_boundaries
    return contents(study), took_s, contents(run), num_boundaries


@pytest.fixture(scope="module")
def undisturbed_torch(tmp_path_factory):
    """The same of a study on the engine torch: what the store holds, and how long it took."""
    study = tmp_path_factory.mktemp("undisturbed") / "torch"
    began = time.perf_counter()
    assert len(run_to_the_end(study, TORCH_STUDY).finished) == len(TORCH_STUDY)
    return contents(study), time.perf_counter() - began


def kill_at_random(store, whole, took_s, wanted, study=STUDY, num_workers=2):
    moments, kills = random.Random(wanted), 0
    while kills < wanted:
        fresh(store)
        while True:
            process, ours = start(store, study, num_workers=num_workers)
            process.join(moments.uniform(0, took_s))
            if process.exitcode is not None:
                break
            process.kill()
            process.join()
            ours.close()
            if process.exitcode == 0:  # it ended before the signal came
                break
            kills += 1
        ours.close()
        assert process.exitcode == 0
        assert contents(store) == whole
    return kills


def kill_at_boundaries(store, undisturbed, boundaries, what):
    _, _, whole, _ = undisturbed
    for at in boundaries:
        ended = run_to_the_end(fresh(store), ONE_RUN, Doom(at, what))
        assert ended.status == -signal.SIGKILL, f"boundary {at} was not met"
        resumed = run_to_the_end(store, ONE_RUN)
        assert resumed.status == 0
        assert contents(store) == whole, f"killed at boundary {at}"


def test_killed_at_any_moment_and_resumed(store, undisturbed):
    assert kill_at_random(store.root, *undisturbed[:2], 5) >= 5


def test_killed_at_any_moment_and_resumed_on_torch(store, undisturbed_torch):
    """One worker, since those who are killed may have no processes of their own."""
    assert kill_at_random(store.root, *undisturbed_torch, 3, TORCH_STUDY, num_workers=1) >= 3


def test_killed_at_some_write_boundaries_and_resumed(store, undisturbed):
    last = undisturbed[-1]
    kill_at_boundaries(store.root, undisturbed, [last // 2, last - 6, last - 2], "kill")
    kill_at_boundaries(store.root, undisturbed, [last // 3, last - 8], "tear")


@pytest.mark.stress
def test_killed_a_hundred_times_at_any_moment(store, undisturbed):
    assert kill_at_random(store.root, *undisturbed[:2], 120) >= 120


@pytest.mark.stress
def test_killed_many_times_at_any_moment_on_torch(store, undisturbed_torch):
    assert kill_at_random(store.root, *undisturbed_torch, 40, TORCH_STUDY, num_workers=1) >= 40


@pytest.mark.stress
@pytest.mark.parametrize("what", ["kill", "tear"])
def test_killed_at_every_write_boundary(store, undisturbed, what):
    last = undisturbed[-1]
    assert last > 50
    kill_at_boundaries(store.root, undisturbed, range(1, last + 1), what)


@pytest.mark.stress
def test_killed_again_and_again_while_it_resumes(store, undisturbed):
    _, _, whole, _ = undisturbed
    kills = 0
    while run_to_the_end(store.root, ONE_RUN, Doom(9 + kills)).status != 0:
        kills += 1
    assert kills > 5
    assert contents(store.root) == whole
