"""Answers to tasks other than addition, of numbers of any length."""

import numpy as np
import pytest

from ripplecarry.arithmetic.digits import to_digits
from ripplecarry.arithmetic.number_lines import find_lines
from ripplecarry.arithmetic.tasks import (
    addition,
    comparison,
    counter,
    multiplication_by_constant,
    subtraction,
)
from ripplecarry.arithmetic.text_source import TextInMemory
from ripplecarry.engines.engine import Computation, PositionStream
from ripplecarry.evaluation.compared_sums import ComparedSums
from ripplecarry.evaluation.integer_sums import add_numbers
from ripplecarry.evaluation.stream import NetworkSums
from ripplecarry.evaluation.written_sums import SumWriter
from ripplecarry.files import Spool
from ripplecarry.runs.trial import Trial

LONG = 10**2000 - 1


class Oracle(Computation, PositionStream):
    """A network that has learned a task; `shift` makes it wrong at the highest position fed."""

    def __init__(self, task, shift=0):
        self._task, self._shift, self._states = task, shift, 0

    def stream(self):
        return Oracle(self._task, self._shift)

    def feed(self, operands):
        answers, states = self._task.machine.run(self._task.symbols_of(operands[None]), self._states)
        self._states = states[:, -1]
        return self._logits(answers)[0]

    def logits(self, operands):
        return self._logits(self._task.answer(operands))

    def weights(self):
        raise AssertionError("an oracle has none")

    def _logits(self, answers):
        answers[:, -1] = (answers[:, -1] + self._shift) % self._task.num_outputs
        return np.eye(self._task.num_outputs, dtype=np.float32)[answers]


def sums_of(task, shift=0):
    return NetworkSums(Oracle(task, shift), Trial(), task)


@pytest.mark.parametrize(
    ("task", "rows", "answers"),
    [
        (multiplication_by_constant(7), [[12], [0], [LONG]], [84, 0, 7 * LONG]),
        (multiplication_by_constant(1000, base=2), [[1], [1023]], [1000, 1023_000]),
        (addition(base=2, num_operands=5), [[1] * 5, [7] * 5], [5, 35]),
        (subtraction(), [[12, 5], [LONG, 1], [5, 12]], [7, LONG - 1, 93]),
    ],
)
def test_answers_that_are_numbers_have_room_for_the_last_carry(task, rows, answers):
    assert add_numbers(sums_of(task), rows) == answers


@pytest.mark.parametrize(
    ("task", "row", "answers"),
    [(comparison(), [15, 21], [1, 2]), (comparison(), [20, 20], [0, 0]), (counter(3), [512], [2, 0, 2])],
)
def test_other_answers_are_those_of_each_position(task, row, answers):
    (short,) = add_numbers(sums_of(task), [row])
    padded = [np.pad(to_digits(number, 10, 3), (0, 1100)) for number in row]
    (long,) = add_numbers(sums_of(task), [padded])

    assert short.tolist() == answers
    assert long[: len(answers)].tolist() == answers
    assert (long[3:] == answers[-1]).all()


@pytest.mark.parametrize(
    ("task", "text", "written"),
    [
        (comparison(), b"15 21\n00100 00100\n3 3", b"21\n00000\n0\n"),
        (counter(3), b"512\n0030\n", b"202\n0000\n"),
        (subtraction(), b"100 1\n1 3\n", b"99\n8\n"),
        (multiplication_by_constant(3), b"4\n34\n", b"12\n102\n"),
    ],
)
@pytest.mark.parametrize("is_long", [False, True])
def test_lines_are_written_with_their_leading_zeros_where_these_mean_something(
    task, text, written, is_long
):
    sums, output, compared = sums_of(task), Spool(), ComparedSums(task)
    source = TextInMemory("text", text)
    writer = SumWriter(sums, output, compared)
    if is_long:
        for number, line in enumerate(text.splitlines(), 1):
            writer.write_long([TextDigits(each) for each in line.split()], number)
    else:
        writer.write_lines(source, find_lines(source, 10, task.num_operands))

    assert output.read(0, output.length) == written
    assert (compared.num_sums, compared.num_wrong) == (written.count(b"\n"), 0)


class TextDigits:
    def __init__(self, text):
        self._values = np.frombuffer(text[::-1], dtype=np.uint8) - ord("0")
        self.length = len(text)

    def digits(self, start, stop):
        found = self._values[start:stop]
        return np.pad(found, (0, stop - start - len(found)))


@pytest.mark.parametrize(
    ("task", "line", "words"),
    [
        (subtraction(), b"1 3", "1 − 3 modulo 10^1 = 8, the network answers 9"),
        (subtraction(), b"30 1", "30 − 1 = 29, the network answers 39"),
        (comparison(), b"15 21", "comparison of 15 and 21: right is [2 1], the network answers [3 1]"),
        (multiplication_by_constant(3), b"34", "34 × 3 = 102, the network answers 202"),
    ],
)
def test_a_wrong_answer_is_told_by_its_task(task, line, words):
    compared = ComparedSums(task)
    source = TextInMemory("text", line)

    SumWriter(sums_of(task, shift=1), Spool(), compared).write_lines(
        source, find_lines(source, 10, task.num_operands)
    )

    assert compared.num_wrong == 1
    assert str(compared.counterexample).startswith(words)
