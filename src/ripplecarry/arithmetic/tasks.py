"""Tasks: functions of operands, computed digit by digit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from ripplecarry.arithmetic import state_tracking
from ripplecarry.arithmetic.digit_text import number_text, sequence_text
from ripplecarry.arithmetic.digits import check_base, to_digits
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.axes import Int, Integer, UInt8
from ripplecarry.errors import ConfigurationError

EXTRA_POSITIONS = 2
"""The report's sequences have this many positions more than its operands have digits."""

MOST_SYMBOLS = 256
"""A digit is a byte; of one operand, so is a symbol."""


@dataclass(frozen=True, eq=False)
class Task:
    """Answer digits as a finite-state function of operand digits, least significant first.

    The symbol at a position is the number whose digits in the base are the operands' digits there,
    the first operand's the least significant. A task on sequences has one operand, and a base of as many
    digits as there are symbols.
    """

    name: str
    base: int
    num_operands: int
    machine: Machine
    form: str | None = None
    """How operands are written whose answer is a number, such as "{} + {}"; None for other answers."""
    state_names: tuple[str, ...] | None = None
    """What the machine's states are called, such as "carry 1"."""
    symbol_names: tuple[str, ...] | None = None
    """What the symbols are called that a machine given by its tables reads."""
    is_on_numbers: bool = True
    """Whether operands are numbers; otherwise the operand is a sequence of symbols."""
    extra_positions: int = EXTRA_POSITIONS
    """Positions after the operands' digits by default: for a carry, and none where there is none."""

    @classmethod
    def from_machine(
        cls,
        name: str,
        base: int,
        num_operands: int,
        machine: Machine,
        form: str | None = None,
        state_names: tuple[str, ...] | None = None,
        symbol_names: tuple[str, ...] | None = None,
    ) -> Self:
        """The task that this machine defines.

        Raises:
            ConfigurationError: the machine does not have base ** num_operands symbols.
        """
        check_base(base)
        if machine.num_symbols != base**num_operands:
            raise ConfigurationError(
                f"task {name!r} has {machine.num_symbols} symbols; {num_operands} operands in base "
                f"{base} need {base**num_operands}"
            )
        return cls(name, base, num_operands, machine, form, state_names, symbol_names)

    @classmethod
    def on_sequences(
        cls,
        name: str,
        machine: Machine,
        state_names: tuple[str, ...] | None = None,
        symbol_names: tuple[str, ...] | None = None,
    ) -> Self:
        """The task of answering to each symbol of a sequence as this machine does.

        Raises:
            ConfigurationError: the machine has more than `MOST_SYMBOLS` symbols.
        """
        if machine.num_symbols > MOST_SYMBOLS:
            raise ConfigurationError(
                f"task {name!r} has {machine.num_symbols} symbols; a sequence has at most {MOST_SYMBOLS}"
            )
        names = {"state_names": state_names, "symbol_names": symbol_names}
        return cls(name, machine.num_symbols, 1, machine, is_on_numbers=False, extra_positions=0, **names)

    def is_same(self, other: "Task") -> bool:
        """Whether the other task has the same name and computes the same answers."""
        return (
            (self.name, self.base, self.num_operands) == (other.name, other.base, other.num_operands)
            and np.array_equal(self.machine.next_state, other.machine.next_state)
            and np.array_equal(self.machine.output, other.machine.output)
        )

    @property
    def has_carry_runs(self) -> bool:
        """Whether operands can be made by their longest carry run: for addition of two."""
        return self.name == "addition" and self.num_operands == 2

    @property
    def is_state_tracking(self) -> bool:
        """Whether answers are the machine's own, at every position, and no digits of a number."""
        return self.extra_positions == 0

    @property
    def inputs_word(self) -> str:
        """What tuples of operands are called."""
        return "pairs" if self.num_operands == 2 else "inputs"

    @property
    def num_outputs(self) -> int:
        """Number of possible answers at a position."""
        return max(2, self.base, self.machine.num_outputs)

    @property
    def digit_word(self) -> str:
        """What a length counts, for people to read: an operand's digits or a sequence's symbols."""
        return "digit" if self.is_on_numbers else "symbol"

    @property
    def symbol_words(self) -> str:
        """What a symbol is, for people to read."""
        if not self.is_on_numbers:
            return self.digit_word
        return {1: "digit", 2: "pair of digits"}.get(self.num_operands, "tuple of digits")

    def operand_text(self, digits: UInt8[np.ndarray, " position"]) -> str:
        """An operand as it is written: a number, or symbols in the order in which they are read."""
        return number_text(digits) if self.is_on_numbers else sequence_text(digits)

    def digits_of(self, symbols: Int[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape operand"]:
        """The operands' digits that the symbols encode."""
        places = self.base ** np.arange(self.num_operands)
        return (symbols[..., None] // places % self.base).astype(np.uint8)

    def symbols_of(self, operands: Integer[np.ndarray, "*shape operand"]) -> Int[np.ndarray, "*shape"]:
        """The symbols of the operands' digits."""
        return operands @ self.base ** np.arange(self.num_operands)

    def solve(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> tuple[UInt8[np.ndarray, "batch position"], Int[np.ndarray, "batch position_and_end"]]:
        """The answer digits and the machine's states: entering each position, and at the end."""
        return self.machine.run(self.symbols_of(operands))

    def answer(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> UInt8[np.ndarray, "batch position"]:
        """The answer digits, as many as positions."""
        return self.solve(operands)[0]


def addition(base: int = 10, num_operands: int = 2) -> Task:
    """The sum of all operands; the state is the carry."""
    form = " + ".join(["{}"] * num_operands)
    return _carrying("addition", base, num_operands, lambda digits: digits.sum(axis=0), form)


def multiplication_by_constant(factor: int, base: int = 10) -> Task:
    """One operand times `factor`; the state is the carry, 0 to factor - 1."""
    if factor < 1:
        raise ConfigurationError(f"factor is {factor}; it must be at least 1")
    check_base(base)
    form = f"{{}} × {number_text(to_digits(factor, base, factor.bit_length()))}"
    return _carrying(f"times {factor}", base, 1, lambda digits: factor * digits[0], form)


def subtraction(base: int = 10) -> Task:
    """The first operand minus the second, modulo base ** positions; the state is the borrow.

    If the second operand is larger, the answer is the base's complement: the last borrow has no position.
    """
    check_base(base)
    first, second = _digits_of_symbols(base, 2)
    differences = first - second - np.arange(2)[:, None]
    machine = Machine.from_tables((differences < 0).astype(int).tolist(), (differences % base).tolist())
    return Task.from_machine("subtraction", base, 2, machine, "{} − {}", ("borrow 0", "borrow 1"))


def comparison(base: int = 10) -> Task:
    """How the first operand compares with the second: 0 equal, 1 greater, 2 smaller.

    The answer at a position, which is also the state, compares the numbers formed by the digits so far;
    the one at the last position compares the operands.
    """
    check_base(base)
    first, second = _digits_of_symbols(base, 2)
    decided = np.where(first > second, 1, 2)
    states = np.where(first == second, np.arange(3)[:, None], decided)
    machine = Machine.from_tables(states.tolist(), states.tolist())
    names = ("equal", "greater", "smaller")
    return Task.from_machine("comparison", base, 2, machine, state_names=names)


def counter(modulus: int, base: int = 10) -> Task:
    """The sum of one operand's digits up to each position, modulo `modulus`; the sum is the state.

    In base 2 it is the literature's modular counter.
    """
    if not 2 <= modulus <= 255:
        raise ConfigurationError(f"modulus is {modulus}; it must be from 2 to 255")
    check_base(base)
    machine = state_tracking.cyclic(modulus, range(base))
    names = tuple(f"sum {state}" for state in range(modulus))
    return Task.from_machine(f"counter modulo {modulus}", base, 1, machine, state_names=names)


def _digits_of_symbols(base: int, num_operands: int) -> Int[np.ndarray, "operand symbol"]:
    return np.indices((base,) * num_operands).reshape(num_operands, -1)[::-1]


def _carrying(
    name: str, base: int, num_operands: int, amount: Callable[[np.ndarray], np.ndarray], form: str
) -> Task:
    check_base(base)
    amounts = amount(_digits_of_symbols(base, num_operands))
    # The carry c stays at most the largest amount / (base - 1): (amount + c) // base <= c.
    carries = np.arange(max(1, -(-int(amounts.max()) // (base - 1))))
    totals = carries[:, None] + amounts
    machine = Machine.from_tables((totals // base).tolist(), (totals % base).tolist())
    names = tuple(f"carry {carry}" for carry in carries.tolist())
    return Task.from_machine(name, base, num_operands, machine, form, names)
