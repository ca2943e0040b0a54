"""A counterexample: operands that are answered wrongly, told in words and for programs."""

from dataclasses import dataclass

import numpy as np

from ripplecarry.arithmetic.digit_text import number_text, sequence_text, symbols_text
from ripplecarry.arithmetic.digits import MAX_BASE, from_digits
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8
from ripplecarry.notebook import Shown, column_picture

_LONGEST_PRINTED = 60


@dataclass(frozen=True, eq=False, repr=False)
class Counterexample(Shown):
    """Operands that a network answers wrongly, padded as they were fed; digits least significant first."""

    task: Task
    digits: UInt8[np.ndarray, "position operand"]
    answer: UInt8[np.ndarray, " position"]
    right: UInt8[np.ndarray, " position"]
    is_shortest: bool = False
    """Whether all shorter operands were tried, padded by as many positions."""

    @classmethod
    def among(
        cls,
        task: Task,
        digits: UInt8[np.ndarray, "row position operand"],
        answers: UInt8[np.ndarray, "row position"],
        right: UInt8[np.ndarray, "row position"],
        *,
        is_shortest: bool = False,
    ) -> "Counterexample | None":
        """The row that goes wrong at the lowest position, if any row does."""
        wrong = answers != right
        rows = np.flatnonzero(wrong.any(axis=1))
        if not len(rows):
            return None
        row = rows[wrong[rows].argmax(axis=1).argmin()]
        return cls(task, digits[row], answers[row], right[row], is_shortest)

    @property
    def operands(self) -> list[int]:
        """The operands as integers; for tasks on numbers."""
        return [from_digits(column, self.task.base) for column in self.digits.T]

    @property
    def first_wrong_position(self) -> int:
        return int(np.argmax(self.answer != self.right))

    @property
    def length(self) -> int:
        """Digits of the longest operand, without leading zeros; at least 1."""
        used = np.flatnonzero(self.digits.any(axis=1))
        return int(used[-1]) + 1 if len(used) else 1

    @property
    def size(self) -> int:
        """Digits that are needed to go wrong: a network's first wrong digit needs none after it."""
        return min(self.length, self.first_wrong_position + 1)

    @property
    def equation(self) -> str | None:
        """What is right, as in "12 + 7 = 19"; None for a task whose answers are no numbers."""
        if self.task.form is None:
            return None
        asked = self.task.form.format(*map(_shortened, self._operand_texts))
        if self.right[-1]:  # there is no position for a last carry or borrow
            asked += f" modulo {self.task.base}^{len(self.right)}"
        base = "" if self.task.base == 10 else f" in base {self.task.base}"
        return f"{asked} = {_shortened(self._text(self.right))}{base}"

    @property
    def sentence(self) -> str:
        """The counterexample in words."""
        operands = self._operand_texts
        if not self.task.is_on_numbers:
            shown = self.digits[: self._num_shown, 0]
            operands = [f"[{sequence_text(shown, self.task.symbol_names)}]"]
        elif self.task.name == "machine" or self.task.symbol_names is not None:
            symbols = self.task.symbols_of(self.digits[: self.length])
            operands = [f"the symbols {symbols_text(symbols, self.task.symbol_names)}"]
        right = _shortened(self._text(self.right))
        asked = f"{self.task.name} of {' and '.join(map(_shortened, operands))}"
        given = _shortened(self._text(self.answer)) if self._has_answer else "no number of these digits"
        words = (
            f"{self.equation or f'{asked}: right is {right}'}, the network answers {given} (first wrong at "
            f"position {self.first_wrong_position})"
        )
        return words + ("; no shorter operands fail: all were tried" if self.is_shortest else "")

    def __str__(self) -> str:
        return self.sentence

    def _line(self) -> str:
        return self.sentence

    def _picture(self) -> str:
        texts = [*self._operand_texts, self._text(self.answer), self._text(self.right)]
        if not self._has_answer or max(map(len, texts)) > _LONGEST_PRINTED:
            return ""
        return column_picture(texts[:-2], *texts[-2:])

    def as_dict(self) -> dict[str, object]:
        """For programs: as written in the task's base, most significant first; sequences in the order in
        which they are read; no answer is None."""
        return {
            "task": self.task.name,
            "base": self.task.base,
            "operands": self._operand_texts,
            "answer": self._text(self.answer) if self._has_answer else None,
            "right": self._text(self.right),
            "positions": len(self.right),
            "length": self.length,
            "first_wrong_position": self.first_wrong_position,
            "is_shortest": self.is_shortest,
        }

    @property
    def _operand_texts(self) -> list[str]:
        shown = self.digits if self.task.is_on_numbers else self.digits[: self._num_shown]
        return [self.task.operand_text(column) for column in shown.T]

    @property
    def _has_answer(self) -> bool:
        """Whether the answer is one at all; a function's may be none."""
        return bool((self.answer < self.task.num_outputs).all())

    def _text(self, answer: UInt8[np.ndarray, " position"]) -> str:
        """An answer as it is written: a number, or where the task has none the answer at each position."""
        if not self.task.is_on_numbers:
            return f"[{sequence_text(answer[: self._num_shown])}]"
        if self.task.form is None or self.task.num_outputs > MAX_BASE:
            return symbols_text(answer[: self._num_shown])
        return number_text(answer)

    @property
    def _num_shown(self) -> int:
        """How many positions matter: up to the last digit, and to the first wrong answer."""
        return max(self.length, self.first_wrong_position + 1)


def shortest(*found: Counterexample | None) -> Counterexample | None:
    """The one that needs the fewest digits; of those the first, or one that is known to be the shortest."""
    return min(
        (each for each in found if each is not None),
        key=lambda each: (each.size, each.length, not each.is_shortest),
        default=None,
    )


def _shortened(text: str) -> str:
    """A text with its middle left out where it is long; of symbols in brackets whole ones."""
    if len(text) <= _LONGEST_PRINTED:
        return text
    half = _LONGEST_PRINTED // 2
    start, end = text[:half], text[-half:]
    if text.startswith("["):
        start, end = start.rpartition(" ")[0], end.partition(" ")[2]
        return f"{start} … {end} ({text.count(' ') + 1} symbols)"
    return f"{start}…{end} ({len(text)} characters)"
