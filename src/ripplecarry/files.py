"""Files that are complete or absent, whenever the process dies."""

import errno
import json
import math
import os
import stat
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from ripplecarry.errors import StoreError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_BLOCK_BYTES = 2**20
_UNDER_WAY = ".new"
_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)
"""Opens a named pipe without waiting for its writer; Windows has none in folders."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces the file at `path`; it is on disk before this returns.

    Raises:
        StoreError: the disk is full or the folder cannot be written; the file is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_UNDER_WAY}")
    with writing(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            with suppress(OSError):  # the first error is the one to report
                temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes files into a folder that nobody reads yet; all are on disk before this returns.

    Writing them concurrently takes a fraction of the time of writing them in turn.

    Raises:
        StoreError: the disk is full or the folder cannot be written; some of the files may be there.
    """
    with ExitStack() as opened:
        files = []
        for name, content in contents.items():
            with writing(folder / name):
                file = opened.enter_context((folder / name).open("wb", buffering=0))
                _write_all(file.fileno(), content)
                if hasattr(os, "posix_fadvise"):  # starts writing without waiting
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                files.append((name, file))
        for name, file in files:
            with writing(folder / name):
                os.fsync(file.fileno())
        with writing(folder):
            sync_folder(folder)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while len(rest):
        rest = rest[os.write(descriptor, rest) :]


def remove_leftovers(path: Path) -> None:
    """Removes what killed processes left while writing `path`; nobody else may be writing it now."""
    with writing(path):
        for leftover in path.parent.glob(f".{path.name}.*{_UNDER_WAY}"):
            leftover.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Generator[None]:
    """Turns the system's write errors into one line.

    Raises:
        StoreError: the body failed to write.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None


UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What reading a damaged or foreign file of JSON may raise."""


def read_whole(path: Path, most_bytes: int | None = None) -> bytes:
    """The bytes of a file, at most its size when opened.

    Devices and pipes are refused: no size bounds what they yield, and they may never end.

    Raises:
        OSError: it cannot be read, is not a regular file, or has more than `most_bytes`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _DO_NOT_WAIT)
    except ValueError:
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        if most_bytes is not None and status.st_size > most_bytes:
            words = f"it has {status.st_size} bytes; at most {most_bytes} are read"
            raise OSError(errno.EFBIG, words, str(path))
        return file.read(status.st_size)


def read_at(descriptor: int, start: int, stop: int) -> bytes:
    """The bytes of an open file from `start` up to but not including `stop`; fewer if it ends."""
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, max(0, stop - start))


def sync_folder(folder: Path) -> None:
    """Makes renames inside the folder durable, where the system opens folders; Windows does not."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hold_lock(descriptor: int) -> None:
    """Waits until nobody else holds this open file, then holds it; closing it, or dying, lets go."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    while True:
        with suppress(OSError):  # ten seconds have passed
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # pyrefly: ignore[missing-attribute]
            return


@contextmanager
def locked(lock: Path) -> Generator[None]:
    """Holds the lock file of this name, which its previous holder may have deleted meanwhile."""
    while True:
        with writing(lock):
            file = lock.open("wb")
        with file:
            hold_lock(file.fileno())
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(lock)):
                    yield
                    return


def json_text(content: object) -> str:
    """JSON, with null for the numbers that JSON lacks: infinities and NaN."""
    return json.dumps(_finite(content), indent=1, allow_nan=False)


def _finite(content: object) -> object:
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content


class Spool:
    """Bytes on disk instead of in memory, in an unnamed file that vanishes with the process.

    Raises:
        StoreError: raised by any call if the folder for temporary files is full or cannot be written.
    """

    def __init__(self) -> None:
        with _one_line():
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self.length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def is_open(self) -> bool:
        """Whether its bytes can still be read."""
        return not self._file.closed

    def append(self, content: bytes | memoryview) -> None:
        rest = memoryview(content)
        with _one_line():
            os.lseek(self._file.fileno(), self.length, os.SEEK_SET)
            while len(rest):
                written = os.write(self._file.fileno(), rest)
                self.length += written
                rest = rest[written:]

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to but not including `stop`; fewer if the spool ends."""
        with _one_line():
            return read_at(self._file.fileno(), start, stop)

    def blocks(self, stop: int) -> Iterator[bytes]:
        """The bytes before `stop`, some at a time."""
        for start in range(0, stop, _BLOCK_BYTES):
            yield self.read(start, min(start + _BLOCK_BYTES, stop))


@contextmanager
def _one_line() -> Generator[None]:
    try:
        yield
    except OSError as error:
        # gettempdir itself fails if no folder can be written, so only the reason is certain to exist.
        folder = tempfile.tempdir or os.environ.get("TMPDIR", "/tmp")
        raise StoreError(
            f"cannot write temporary data to {folder}: {error.strerror}; set TMPDIR to another folder"
        ) from None
