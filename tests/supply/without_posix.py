"""Uses the package as on Windows: without the modules and functions that only POSIX has.

`python -X warn_default_encoding tests/supply/without_posix.py FOLDER` trains a run in FOLDER, and uses it.
"""

import fcntl
import json
import os
import re
import signal
import sys
import types
import warnings
from contextlib import redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path

# They know Windows by themselves, but these copies of them are for the system at hand.
import duckdb  # noqa: F401
import flint  # noqa: F401
import jinja2  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import pandas  # noqa: F401
import plotille  # noqa: F401
import pyarrow.parquet  # noqa: F401
import rich.progress  # noqa: F401
import scipy.stats  # noqa: F401
import seaborn  # noqa: F401
import torch  # noqa: F401

# What Python's documentation calls available on Unix only.
MODULES = ("fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty")
OF_OS = [
    "chown",
    "fchmod",
    "fchown",
    "fork",
    "forkpty",
    "getegid",
    "geteuid",
    "getgid",
    "getpgid",
    "getpriority",
    "getuid",
    "initgroups",
    "killpg",
    "lchown",
    "lockf",
    "mkfifo",
    "mknod",
    "nice",
    "openpty",
    "pathconf",
    "pipe2",
    "posix_fadvise",
    "posix_fallocate",
    "pread",
    "preadv",
    "pwrite",
    "pwritev",
    "sendfile",
    "setsid",
    "sched_getaffinity",
    "sched_setaffinity",
    "statvfs",
    "sync",
    "sysconf",
    "uname",
    "wait",
    "wait3",
    "wait4",
    "O_CLOEXEC",
    "O_DIRECTORY",
    "O_NOCTTY",
    "O_NOFOLLOW",
    "O_NONBLOCK",
    "O_SYNC",
    "POSIX_FADV_DONTNEED",
]
OF_SIGNAL = ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGUSR2", "alarm")

flock, exclusively = fcntl.flock, fcntl.LOCK_EX
num_locked = 0


def locking(descriptor: int, mode: int, num_bytes: int) -> None:
    """As Windows' own: holds the file until it is closed."""
    global num_locked
    assert (mode, num_bytes) == (1, 1)
    flock(descriptor, exclusively)
    num_locked += 1


def hide() -> None:
    sys.modules |= dict.fromkeys(MODULES)
    sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_LOCK=1)
    for module, names in ((os, OF_OS), (signal, OF_SIGNAL)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    open_before = os.open

    def opened(path, *arguments, **options):
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", str(path))
        return open_before(path, *arguments, **options)

    os.open = opened


def output_of(*words: str) -> str:
    from ripplecarry.cli import call

    written = BytesIO()
    with redirect_stdout(TextIOWrapper(written, encoding="utf-8", write_through=True)):
        status = call(words)
        assert status == 0, (words, status)
        return written.getvalue().decode()


def use(folder: Path) -> None:
    store = f"--store={folder / 'results'}"
    small = ("--layers=1", "--hidden-size=4", "--embedding-size=2", "--digits=2", "--steps=20")
    (run,) = re.findall(r"^run (\S+)", output_of("train", *small, store), re.M)
    (listed,) = json.loads(output_of("runs", store, "--json"))
    assert listed["id"] == run
    assert run in output_of("runs", store, "--where", "steps = 20")
    assert output_of("add", run, "17", "25", store).strip().isdecimal()
    pairs = folder / "pairs.txt"
    pairs.write_bytes(b"12 34\r\n56 78\r\n")
    assert len(output_of("add", run, "--from", str(pairs), store).split()) == 2
    output_of("page", run, store)
    assert (folder / "results" / "pages" / f"{run}.html").is_file()
    (other,) = re.findall(r"^run (\S+)", output_of("train", *small, "--seed=1", store), re.M)
    output_of("compare", run, other, store)


if __name__ == "__main__":
    hide()
    # A file's encoding is never left to the system, by the package's own code.
    warnings.filterwarnings("error", category=EncodingWarning, module="ripplecarry")
    use(Path(sys.argv[1]))
    assert num_locked, "no run was ever locked"
    print("all done")
