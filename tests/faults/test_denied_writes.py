"""Disks that are full, folders that are read-only, clocks that go back, two sweeps at once."""

import os
import subprocess
import time

import pytest
from doomed_sweeps import (
    ONE_RUN,
    STUDY,
    Doom,
    contents,
    ending,
    fresh,
    limit_file_size,
    may_only_read,
    run_to_the_end,
    set_clock_back,
    start,
)

from ripplecarry.cli import call
from ripplecarry.errors import StoreError
from ripplecarry.files import remove_leftovers, write_atomically, write_together
from ripplecarry.runs.store import Store


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the store holds when nothing happens, and how often the run writes."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    num_boundaries = run_to_the_end(store, ONE_RUN).num_boundaries
    return contents(store), num_boundaries


def said(ended) -> str:
    """The one line that a sweep whose only run failed has to say."""
    (words,) = [*ended.failed.values(), ended.error][:1]
    assert ended.status == 0, "it died of the error"
    assert "\n" not in words
    return words


def deny_at_boundaries(store, undisturbed, boundaries, what, reason):
    whole, _ = undisturbed
    for at in boundaries:
        ended = run_to_the_end(fresh(store), ONE_RUN, Doom(at, what))
        if ended.finished:  # denied only what comes after the run is kept
            assert Store(store).open(ONE_RUN[0].id).verify()
        else:
            assert said(ended).startswith("cannot write"), f"boundary {at}: {said(ended)}"
            assert reason in said(ended)
        assert run_to_the_end(store, ONE_RUN).finished == [ONE_RUN[0].id]
        assert contents(store) == whole, f"denied from boundary {at} on"


@pytest.mark.parametrize(
    ("what", "reason"), [("ENOSPC", "No space left on device"), ("EROFS", "Read-only file system")]
)
def test_a_write_that_is_denied_is_told_in_a_line_and_loses_nothing(store, undisturbed, what, reason):
    last = undisturbed[-1]
    deny_at_boundaries(store.root, undisturbed, [1, 5, last // 2, last - 5, last - 2], what, reason)


@pytest.mark.stress
@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("ENOSPC", "No space left on device"),
        ("EROFS", "Read-only file system"),
        ("EIO", "Input/output error"),
    ],
)
def test_every_write_is_denied_once(store, undisturbed, what, reason):
    deny_at_boundaries(store.root, undisturbed, range(1, undisturbed[-1] + 1), what, reason)


def test_files_that_may_not_grow(store, undisturbed):
    whole, _ = undisturbed

    assert "File too large" in said(run_to_the_end(store.root, ONE_RUN, before=limit_file_size))

    assert store.ids() == []
    run_to_the_end(store.root, ONE_RUN)
    assert contents(store.root) == whole


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    try:
        is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        is_mounted = False
    if not is_mounted:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full_and_then_is_not(small_disk, undisturbed):
    whole, _ = undisturbed
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(52 * 1024))

    assert "No space left on device" in said(run_to_the_end(small_disk / "store", ONE_RUN))

    ballast.unlink()
    run_to_the_end(small_disk / "store", ONE_RUN)
    assert contents(small_disk / "store") == whole


def test_a_read_only_store_is_refused_and_stays_as_it_is(store):
    run_to_the_end(store.root, ONE_RUN)
    before = contents(store.root)

    ended = run_to_the_end(store.root, STUDY, before=may_only_read)

    assert "cannot write to" in said(ended)
    assert contents(store.root) == before
    for folder in (store.root, *(path for path in store.root.rglob("*") if path.is_dir())):
        folder.chmod(0o755)


def test_a_clock_that_goes_back_changes_nothing_but_the_time_noted(store, tmp_path, undisturbed):
    whole, last = undisturbed
    run_to_the_end(store.root, ONE_RUN, Doom(last // 2))
    for path in store.root.rglob("*"):
        os.utime(path, (4e9, 4e9))

    run_to_the_end(store.root, ONE_RUN, before=set_clock_back)

    assert contents(store.root) == whole
    run = store.open(ONE_RUN[0].id)
    assert run.state["finished_at"].startswith("1971")
    assert run.state["train_s"] > 0


def test_two_sweeps_into_one_store_share_the_runs(store, tmp_path):
    whole = tmp_path / "whole"
    run_to_the_end(whole, STUDY)

    both = [start(store.root, STUDY, num_workers=2) for _ in range(2)]
    ended = [ending(*each) for each in both]

    for each in ended:
        assert each.failed == {}
        assert sorted(each.finished) == sorted(request.id for request in STUDY)
    assert contents(store.root) == contents(whole)
    # A run that both had carried out would have written twice as much.
    alone = run_to_the_end(fresh(whole), STUDY).num_boundaries
    assert sum(each.num_boundaries for each in ended) < 1.5 * alone


def test_a_lock_that_its_holder_deletes_lets_one_in_at_a_time(store):
    import threading

    inside, most = [], []

    def hold():
        for _ in range(50):
            with store.claim("run"):
                inside.append(1)
                time.sleep(0.0002)  # the others have time to come in
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == 1
    assert not list((store.root / "unfinished").iterdir())


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    path = tmp_path / "certificate.json"
    (tmp_path / ".certificate.json.123.new").write_text("half")
    (tmp_path / ".other.json.123.new").write_text("another's")

    remove_leftovers(path)
    write_atomically(path, b"whole")

    assert sorted(each.name for each in tmp_path.iterdir()) == [".other.json.123.new", "certificate.json"]


def test_a_full_disk_under_a_report_or_figure_is_told_in_a_line(store, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device", "figure.png")

    monkeypatch.setattr(Store, "rows", full)
    (store.root / "runs").mkdir(parents=True)

    assert call(["runs", "--store", str(store.root)]) == 2

    assert capsys.readouterr().err == "ripplecarry: figure.png: No space left on device\n"


def test_a_file_that_cannot_be_written_keeps_what_it_had(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"before")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"cannot write .*file: No space left on device"):
        write_atomically(path, b"after")

    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_files_that_are_written_together_are_on_disk_before_their_folder(tmp_path, monkeypatch):
    flushed = []

    def note(descriptor):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        flushed.append((os.path.basename(path), os.path.getsize(path)))

    monkeypatch.setattr(os, "fsync", note)
    contents = {"a": b"1" * 100, "b": b"", "c": b"2" * 3_000_000}

    write_together(tmp_path, contents)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == contents
    assert [name for name, _ in flushed] == ["a", "b", "c", tmp_path.name]
    assert dict(flushed)["c"] == 3_000_000


@pytest.mark.parametrize("at", ["write", "fsync"])
def test_files_that_cannot_be_written_together_are_named(tmp_path, monkeypatch, at):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, at, full)
    with pytest.raises(StoreError, match=r"cannot write .*/first: No space left on device"):
        write_together(tmp_path, {"first": b"1", "second": b"2"})
