"""Small files that unfold to much, and files without an end."""

import io
import json
import multiprocessing
import os
import resource
import struct

import numpy as np
import pyarrow as pa
import pytest
from mutations import nested
from pyarrow import parquet
from watched import said

from ripplecarry.errors import CertificateError, CertificateRefused, ConfigurationError
from ripplecarry.files import read_whole
from ripplecarry.runs.parquet import read_table, write_table

CONTEXT = multiprocessing.get_context("forkserver")
MOST_MIB = 100


def _measure(path, kind, ours) -> None:
    import pandas  # noqa: F401 - what is loaded is not counted
    from pyarrow import parquet  # noqa: F401

    from ripplecarry.errors import InputError
    from ripplecarry.networks.weights_file import read_weights
    from ripplecarry.runs.parquet import read_table
    from ripplecarry.runs.run import Run
    from ripplecarry.training.checkpoint import check_checkpoint
    from ripplecarry.verification.certificate_file import read_certificate

    read = {
        "table": lambda: read_table(path.read_bytes()),
        "weights": lambda: read_weights(read_whole(path)),
        "checkpoint": lambda: check_checkpoint(path),
        "certificate": lambda: read_certificate(read_whole(path)),
        "state": lambda: Run.open(path.parent),
    }[kind]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        read()
        words = "read"
    except (ValueError, InputError) as error:
        words = str(error)
    ours.send((words, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def growth_mib(path, kind="table") -> tuple[str, float]:
    """What reading the file said, and by how much the process grew."""
    theirs, ours = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_measure, args=(path, kind, ours))
    process.start()
    found = theirs.recv()
    process.join()
    return found


def table(columns, **how) -> bytes:
    content = io.BytesIO()
    parquet.write_table(pa.table(columns), content, **how)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["repeated numbers", "a long word", "a list", "many columns"])
def test_a_table_that_unfolds_to_far_more_than_its_size_is_refused(tmp_path, kind):
    million = pa.array(np.zeros(1_000_000))
    columns = {
        "repeated numbers": {"step": pa.concat_arrays([million] * 40)},
        "a long word": {"kind": pa.array(["x" * 10_000_000]).dictionary_encode()},
        "a list": {"step": pa.array([[0.0] * 5_000_000])},
        "many columns": {f"c{k}": million for k in range(40)},
    }[kind]
    path = tmp_path / "curves.parquet"
    path.write_bytes(table(columns, compression="zstd"))
    assert path.stat().st_size < 400_000

    words, grown = growth_mib(path)

    assert words != "read"
    assert grown < MOST_MIB, f"{grown:.0f} MiB for {path.stat().st_size} bytes"


ENTRY = '"{}":{{"dtype":"F32","shape":[0,1099511627776],"data_offsets":[0,0]}}'
HEADERS = {
    "giant and empty": "{" + ",".join(ENTRY.format(k) for k in range(50_000)) + "}",
    "giant and full": '{"a":{"dtype":"F32","shape":[4294967296,1024],"data_offsets":[0,17592186044416]}}',
    "long": '{"__metadata__":{"sha256":"' + "x" * 3_000_000 + '"}}',
}
TREES = {
    "empty parts": b"[" + b"{}," * 1_000_000 + b"{}]",
    "depth": nested(1_000_000),
    "digits": b"[" + b"0," * 1_000_000 + b"9]",
    "names": b"{" + b",".join(b'"%d":0' % k for k in range(300_000)) + b"}",
}
MOST_TIMES = 50
"""A byte may become so many: `{},` is three, and an empty dict of Python 64."""


@pytest.mark.parametrize(
    ("kind", "made"),
    [(kind, made) for kind in ("weights", "checkpoint") for made in HEADERS]
    + [(kind, made) for kind in ("certificate", "state") for made in TREES],
)
def test_reading_takes_memory_that_the_size_bounds(tmp_path, kind, made):
    path = tmp_path / ("state.json" if kind == "state" else "file")
    header = HEADERS.get(made, "").encode()
    path.write_bytes(TREES.get(made) or struct.pack("<Q", len(header)) + header)

    _, grown = growth_mib(path, kind)

    size = path.stat().st_size / 2**20
    assert grown < 16 + MOST_TIMES * size, f"{grown:.0f} MiB for {size:.1f} MiB"


def test_tables_as_we_write_them_come_back_as_they_were():
    import pandas as pd

    frame = pd.DataFrame(
        {"step": np.arange(5000), "kind": ["carry", "idle"] * 2500, "loss": np.float32(0.5), "low": np.nan}
    )

    assert read_table(write_table(frame)).equals(frame)


def test_files_without_an_end_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", "/dev/urandom", tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match=r"not a regular file|directory"):
            read_whole(path)
        for command in (["train", "--config"], ["check"]):
            status, _, words = said(tmp_path, [*command, str(path)])
            assert status == 2
            is_for_a_run = command == ["check"] and path == tmp_path
            assert ("not a run's folder" if is_for_a_run else "cannot read") in words


def test_a_file_is_read_up_to_the_size_that_is_allowed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    assert read_whole(path, 5) == b"12345"
    with pytest.raises(OSError, match="5 bytes; at most 4 are read"):
        read_whole(path, 4)


def test_a_certificate_of_few_bytes_builds_no_machine_of_millions(monkeypatch):
    from ripplecarry.arithmetic import task_choice
    from ripplecarry.verification.certificate_file import FORMAT
    from ripplecarry.verification.check import check
    from ripplecarry.verification.proof import weights_hash

    def built(*arguments):
        raise AssertionError("the machine was built")

    monkeypatch.setattr(task_choice.TaskChoice, "build_task", built)
    task = {"base": 10, "num_operands": 6}
    certificate = {"format": FORMAT, "weights_sha256": weights_hash({}), "task": task}
    machine = {"next_state": [[0]], "output": [[0]]}
    with pytest.raises(CertificateRefused, match="fewer than 1000000 symbols"):
        check(certificate | {"machine": machine}, {})
    for machine in (None, {}, {"next_state": []}, [], {"next_state": [[]], "output": 1}):
        with pytest.raises((CertificateError, CertificateRefused)):
            check(json.loads(json.dumps(certificate | {"machine": machine})), {})


def test_a_study_of_endless_seeds_is_refused():
    from ripplecarry import study

    with pytest.raises(ConfigurationError, match="from 1 to 1000000"):
        study("baseline", seeds=10**12)
