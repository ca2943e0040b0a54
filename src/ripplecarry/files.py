"""Files that are whole or gone, whenever the process dies."""

import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from ripplecarry.errors import StoreError

_BLOCK_BYTES = 2**20


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces the file at `path`, on disk before this returns."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames inside the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Spool:
    """Bytes on disk instead of in memory, in a file without a name that vanishes with the process.

    Raises:
        StoreError: from any call, where the folder for temporary files is full or cannot be written.
    """

    def __init__(self) -> None:
        with _one_line():
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self.length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, content: bytes | memoryview) -> None:
        rest = memoryview(content)
        with _one_line():
            while len(rest):
                written = os.pwrite(self._file.fileno(), rest, self.length)
                self.length += written
                rest = rest[written:]

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to before `stop`; fewer where the spool ends."""
        with _one_line():
            return os.pread(self._file.fileno(), max(0, stop - start), start)

    def blocks(self, stop: int) -> Iterator[bytes]:
        """The bytes from the first to before `stop`, some at a time."""
        for start in range(0, stop, _BLOCK_BYTES):
            yield self.read(start, min(start + _BLOCK_BYTES, stop))


@contextmanager
def _one_line() -> Generator[None]:
    try:
        yield
    except OSError as error:
        # gettempdir itself fails where no folder can be written, so only the reason is sure to be there.
        folder = tempfile.tempdir or os.environ.get("TMPDIR", "/tmp")
        raise StoreError(
            f"cannot keep temporary data in {folder}: {error.strerror}; TMPDIR names another folder"
        ) from None
