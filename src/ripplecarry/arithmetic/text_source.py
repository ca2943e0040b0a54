"""Text read at any offset: a file in place, a pipe once it is spooled to disk."""

import codecs
import os
import stat
import sys
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import numpy as np

from ripplecarry.axes import UInt8
from ripplecarry.errors import OperandError
from ripplecarry.files import Spool, read_at

BLOCK_BYTES = 2**20
"""Text is read in blocks of this many bytes, however long its lines are."""


class TextSource(ABC):
    """Bytes by offset; `name` is its name in messages."""

    name: str

    @abstractmethod
    def read(self, start: int, stop: int) -> UInt8[np.ndarray, " byte"]:
        """The bytes from `start` up to but not including `stop`; fewer if the text ends."""

    def blocks(self) -> Iterator[tuple[int, UInt8[np.ndarray, " byte"]]]:
        """The whole text in pieces, each with its offset."""
        start = 0
        while (block := self.read(start, start + BLOCK_BYTES)).size:
            yield start, block
            start += block.size

    def place(self, offset: int) -> str:
        """An offset as line and column, both counted from 1; one column per byte."""
        line, begin = 1, 0
        for start, block in self.blocks():
            line_ends = np.flatnonzero(block[: max(0, offset - start)] == ord("\n"))
            if line_ends.size:
                line, begin = line + line_ends.size, start + int(line_ends[-1]) + 1
            if start + block.size > offset:
                break
        return f"line {line}, column {offset - begin + 1}"


class TextInMemory(TextSource):
    """A short text, such as an argument of a command."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self._content = np.frombuffer(content, dtype=np.uint8)

    def read(self, start: int, stop: int) -> UInt8[np.ndarray, " byte"]:
        return self._content[start:stop]

    def place(self, offset: int) -> str:
        return f"column {offset + 1}"


class TextFile(TextSource):
    """A file on disk, from its descriptor's position; a byte order mark there is skipped."""

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor
        self._begin = os.lseek(descriptor, 0, os.SEEK_CUR)
        self._begin += _mark_length(self.read(0, len(codecs.BOM_UTF8)).tobytes())

    def read(self, start: int, stop: int) -> UInt8[np.ndarray, " byte"]:
        with _readable(self.name):
            content = read_at(self._descriptor, self._begin + start, self._begin + stop)
        return np.frombuffer(content, dtype=np.uint8)


class SpooledText(TextSource):
    """A pipe, spooled to disk as far as it has been read; a leading byte order mark is skipped."""

    def __init__(self, name: str, descriptor: int, spool: Spool) -> None:
        self.name = name
        self._descriptor = descriptor
        self._spool = spool
        self._has_ended = False
        self._begin = 0
        self._begin = _mark_length(self.read(0, len(codecs.BOM_UTF8)).tobytes())

    def read(self, start: int, stop: int) -> UInt8[np.ndarray, " byte"]:
        start, stop = self._begin + start, self._begin + stop
        while self._spool.length < stop and not self._has_ended:
            with _readable(self.name):
                content = os.read(self._descriptor, BLOCK_BYTES)
            self._spool.append(content)
            self._has_ended = not content
        return np.frombuffer(self._spool.read(start, stop), dtype=np.uint8)


def _mark_length(beginning: bytes) -> int:
    """Length in bytes of the mark with which Windows editors begin UTF-8."""
    return len(codecs.BOM_UTF8) if beginning == codecs.BOM_UTF8 else 0


@contextmanager
def open_text(path: str) -> Generator[TextSource]:
    """The text of a file, a named pipe, or standard input, which is called `-`.

    Raises:
        OperandError: it cannot be read.
    """
    name = "standard input" if path == "-" else path
    is_given = path == "-"
    if is_given and sys.stdin is None:  # its descriptor may now belong to another file
        raise OperandError("cannot read standard input: it is closed")
    with _readable(name):
        file = open(0 if is_given else path, "rb", buffering=0, closefd=not is_given)  # noqa: SIM115
        kind = os.fstat(file.fileno()).st_mode
    with file:
        if stat.S_ISREG(kind):
            yield TextFile(name, file.fileno())
            return
        if file.isatty():
            print(f"ripplecarry: reading {name}; Ctrl-D ends it", file=sys.stderr)
        with Spool() as spool:
            yield SpooledText(name, file.fileno(), spool)


@contextmanager
def _readable(name: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise OperandError(f"cannot read {name}: {error.strerror}") from None
