"""A network's sums of written numbers, as lines of text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from ripplecarry.arithmetic.digit_text import digit_codes, lines_of, significant_digits, text_of
from ripplecarry.arithmetic.exact_sum import exact_answers
from ripplecarry.arithmetic.number_lines import NumberLines, WrittenNumber
from ripplecarry.arithmetic.text_source import BLOCK_BYTES, TextSource
from ripplecarry.evaluation.compared_sums import ComparedSums
from ripplecarry.evaluation.stream import SHORT_POSITIONS, Digits, NetworkSums, batches
from ripplecarry.files import Spool


class SumWriter:
    """Writes sums, one per line, into a spool: none is visible before all are done.

    Args:
        compared: counts how many are exact; without it no exact sums are computed.
        on_progress: called with the number of positions added since the last call.
    """

    def __init__(
        self,
        sums: NetworkSums,
        output: Spool,
        compared: ComparedSums | None = None,
        on_progress: Callable[[int], None] = lambda positions: None,
    ) -> None:
        self._sums = sums
        self._output = output
        self._compared = compared
        self._on_progress = on_progress
        self._has_numbers = sums.task.form is not None
        """Otherwise answers are written with their leading zeros, which mean something."""

    def write_lines(self, text: TextSource, lines: Iterable[NumberLines]) -> None:
        """Writes the sum of each line's numbers."""
        for some in lines:
            for rows, are_short in _stretches(some, self._sums):
                starts, ends, number = some.starts[rows], some.ends[rows], some.first_line + rows.start
                if are_short:
                    self._write_short(text, starts, ends, number)
                    continue
                for line, (begins, stops) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
                    numbers = [
                        WrittenNumber(text, start, end, self._sums.base)
                        for start, end in zip(begins, stops, strict=True)
                    ]
                    self.write_long(numbers, number + line)

    def write_long(self, operands: Sequence[Digits], number: int = 1) -> None:
        """Writes the sum of numbers of any length; `number` is its number in reports."""
        exact = exact_answers(self._sums.task)
        is_compared, position, significant = self._compared is not None, 0, 0
        total = self._sums.num_positions(np.array([[operand.length for operand in operands]]))[0]
        with Spool() as digits:
            for piece in self._sums.stream(operands):
                digits.append(piece.answers.data)
                in_piece = int(significant_digits(piece.answers[None] != 0)[0])
                significant = position + in_piece if in_piece else significant
                if self._compared is not None and is_compared:
                    right = exact.feed(piece.operands[None])[0]
                    whole = piece.operands if piece.answers.size == total else None
                    is_compared = self._compared.compare(number, piece.answers, right, whole, position)
                position += piece.answers.size
                self._on_progress(piece.answers.size)
            count = max(1, significant) if self._has_numbers else position
            for text in _backwards(digits, count):
                self._output.append(text)
        self._output.append(b"\n")
        if self._compared is not None:
            self._compared.num_sums += 1

    def _write_short(self, text: TextSource, starts: np.ndarray, ends: np.ndarray, number: int) -> None:
        begin = int(starts[0, 0])
        digits = digit_codes(self._sums.base)[text.read(begin, int(ends[-1, -1]))]
        lengths = ends - starts
        num_positions = self._sums.num_positions(lengths)
        lines: list[bytes] = [b""] * len(starts)
        for rows in batches(num_positions):
            positions = np.arange(int(num_positions[rows].max()))
            places = (ends[rows] - begin)[:, None, :] - 1 - positions[:, None]
            is_digit = positions[:, None] < lengths[rows][:, None, :]
            operands = np.where(is_digit, digits[np.where(is_digit, places, 0)], np.uint8(0))
            answers = self._sums.answer(operands, num_positions[rows])
            written = lines_of(answers, None if self._has_numbers else num_positions[rows])
            for row, line in zip(rows.tolist(), written, strict=True):
                lines[row] = line
            if self._compared is not None:
                self._compare(operands, answers, number + rows, num_positions[rows])
            self._on_progress(int(num_positions[rows].sum()))
        self._output.append(b"".join(lines))

    def _compare(
        self, operands: np.ndarray, answers: np.ndarray, numbers: np.ndarray, num_positions: np.ndarray
    ) -> None:
        assert self._compared is not None
        exact = exact_answers(self._sums.task).feed(operands)
        exact[np.arange(exact.shape[1]) >= num_positions[:, None]] = 0  # as the answers there
        for row in np.flatnonzero((answers != exact).any(axis=1)):
            answer, right, digits = (each[row, : num_positions[row]] for each in (answers, exact, operands))
            self._compared.compare(int(numbers[row]), answer, right, digits)
        self._compared.num_sums += len(answers)


def _stretches(lines: NumberLines, sums: NetworkSums) -> Iterator[tuple[slice, bool]]:
    """Stretches of lines, with whether to add them at once: if short and close together in the text."""
    last = int(lines.ends[-1, -1])
    are_short = (sums.num_positions(lines.lengths) <= SHORT_POSITIONS) & (
        lines.starts[:, 0] >= last - 2 * BLOCK_BYTES
    )
    turns = [0, *(np.flatnonzero(np.diff(are_short)) + 1).tolist(), len(are_short)]
    for start, stop in pairwise(turns):
        yield slice(start, stop), bool(are_short[start])


def _backwards(digits: Spool, count: int) -> Iterator[bytes]:
    """The first `count` digits of a spool as text, in reverse order."""
    for stop in range(count, 0, -BLOCK_BYTES):
        content = digits.read(max(0, stop - BLOCK_BYTES), stop)
        yield text_of(np.frombuffer(content, dtype=np.uint8))
