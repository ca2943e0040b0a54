"""Where the numbers of a text are, found and checked in one pass in constant memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ripplecarry.arithmetic.digit_text import LINE_END, NO_DIGIT, digit_codes, why_no_digit
from ripplecarry.arithmetic.text_source import TextSource
from ripplecarry.axes import Int64, UInt8
from ripplecarry.errors import OperandError


class NumberLines(NamedTuple):
    """Consecutive lines of numbers, as offsets of each number's first digit and of its end."""

    first_line: int
    starts: Int64[np.ndarray, "line operand"]
    ends: Int64[np.ndarray, "line operand"]

    @property
    def lengths(self) -> Int64[np.ndarray, "line operand"]:
        """Digits of each number, leading zeros included."""
        return self.ends - self.starts


@dataclass(frozen=True)
class WrittenNumber:
    """A number in a text, read from its least significant digit."""

    text: TextSource
    start: int
    end: int
    base: int

    @property
    def length(self) -> int:
        """Digits, leading zeros included."""
        return self.end - self.start

    def digits(self, start: int, stop: int) -> UInt8[np.ndarray, " position"]:
        """The digits at positions `start` up to but not including `stop`, least significant first;
        zeros beyond the number.

        Raises:
            OperandError: the text has changed since.
        """
        low, high = max(self.end - stop, self.start), max(self.end - start, self.start)
        found = digit_codes(self.base)[self.text.read(low, high)]
        if found.size != high - low or (found >= self.base).any():
            raise OperandError(
                f"{self.text.name} changed while it was being read; do not change it meanwhile"
            )
        digits = np.zeros(stop - start, dtype=np.uint8)
        digits[: found.size] = found[::-1]
        return digits


def find_lines(text: TextSource, base: int, per_line: int) -> Iterator[NumberLines]:
    """All lines of a text, in groups: `per_line` numbers per line, separated by blanks.

    Raises:
        OperandError: a character that is not a digit, a line with more or fewer numbers, or an empty text.
    """
    codes = digit_codes(base)
    per_line_edges = 2 * per_line
    edges = np.zeros(0, dtype=np.int64)  # alternating starts and ends of the line that is still incomplete
    line, line_start, length = 1, 0, 0
    is_inside = False
    for offset, block in text.blocks():
        kinds = codes[block]
        bad = np.flatnonzero(kinds == NO_DIGIT)[:1]
        kinds = kinds[: bad[0] if bad.size else None]
        edges = np.concatenate([edges, _edges(kinds, base, is_inside) + offset])
        line_ends = np.flatnonzero(kinds == LINE_END) + offset
        num_lines = line_ends.size
        before = np.searchsorted(edges, line_ends, side="right")
        wrong = np.flatnonzero(before != per_line_edges * np.arange(1, num_lines + 1))[:1]
        if wrong.size:
            index = int(wrong[0])
            begin = int(line_ends[index - 1]) + 1 if index else line_start
            theirs = edges[per_line_edges * index : before[index]]
            raise OperandError(_wrong_count(text, line + index, begin, theirs, per_line))
        if num_lines:
            yield _whole_lines(line, edges[: per_line_edges * num_lines], per_line)
            edges = edges[per_line_edges * num_lines :]
            line, line_start = line + num_lines, int(line_ends[-1]) + 1
        if edges.size > per_line_edges:
            raise OperandError(_wrong_count(text, line, line_start, edges, per_line))
        if bad.size:
            raise OperandError(_no_digit(text, offset + int(bad[0]), base))
        is_inside = bool(kinds[-1] < base)
        length = offset + block.size
    if not length:
        raise OperandError(f"{text.name} is empty; each line needs {_numbers(per_line)}")
    if length > line_start:
        edges = np.append(edges, length) if is_inside else edges
        if edges.size != per_line_edges:
            raise OperandError(_wrong_count(text, line, line_start, edges, per_line))
        yield _whole_lines(line, edges, per_line)


def find_number(text: TextSource, base: int) -> WrittenNumber:
    """The only number of a text; blanks and line ends around it are skipped.

    Raises:
        OperandError: a character that is not a digit, no number, or more than one.
    """
    codes = digit_codes(base)
    edges: list[int] = []
    is_inside, length = False, 0
    for offset, block in text.blocks():
        kinds = codes[block]
        bad = np.flatnonzero(kinds == NO_DIGIT)[:1]
        kinds = kinds[: bad[0] if bad.size else None]
        edges += (_edges(kinds, base, is_inside)[:3] + offset).tolist()
        if len(edges) > 2:
            raise OperandError(f"{text.name}, {text.place(edges[2])}: a second number begins; give one")
        if bad.size:
            raise OperandError(_no_digit(text, offset + int(bad[0]), base))
        is_inside = bool(kinds[-1] < base)
        length = offset + block.size
    if not edges:
        raise OperandError(f"{text.name} is empty; it needs a number")
    return WrittenNumber(text, edges[0], edges[1] if len(edges) == 2 else length, base)


def _edges(kinds: np.ndarray, base: int, is_inside: bool) -> Int64[np.ndarray, " edge"]:
    """Where numbers begin and end, alternating; the first is an end if a number continues from before."""
    is_digit = kinds < base
    return np.flatnonzero(np.diff(is_digit, prepend=np.array([is_inside])))


def _whole_lines(first_line: int, edges: np.ndarray, per_line: int) -> NumberLines:
    pairs = edges.reshape(-1, per_line, 2)
    return NumberLines(first_line, pairs[:, :, 0], pairs[:, :, 1])


def _wrong_count(text: TextSource, line: int, begin: int, edges: np.ndarray, per_line: int) -> str:
    name = f"{text.name}, line {line}"
    if edges.size < 2 * per_line:
        return f"{name} has {_numbers(edges.size // 2)}; it needs {per_line}"
    column = int(edges[2 * per_line]) - begin + 1
    return f"{name} has more than {_numbers(per_line)}: another begins at column {column}"


def _no_digit(text: TextSource, offset: int, base: int) -> str:
    beginning = text.read(offset, offset + 4).tobytes() or b"\0"  # a file may have been cut meanwhile
    return f"{text.name}, {text.place(offset)}: {why_no_digit(beginning, base)}"


def _numbers(count: int) -> str:
    return f"{count or 'no'} number{'' if count == 1 else 's'}"
