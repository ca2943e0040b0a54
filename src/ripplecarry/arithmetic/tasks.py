"""Tasks: functions of operands, computed digit by digit."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ripplecarry.arithmetic import state_tracking
from ripplecarry.arithmetic.digit_text import number_text, sequence_text
from ripplecarry.arithmetic.digits import MAX_BASE, MIN_BASE, check_base, to_digits
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.axes import Int, Integer, UInt8
from ripplecarry.configuration import Configuration, Entry
from ripplecarry.errors import ConfigurationError
from ripplecarry.values import shown

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
    def symbol_words(self) -> str:
        """What a symbol is, for people to read."""
        if not self.is_on_numbers:
            return "symbol"
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


LONGEST_NAME = 20
"""The most characters of a state's or symbol's name."""

_ON_SEQUENCES = ("parity", "cycle_navigation", "group", "dyck", "flip_flop")
_NUM_OPERANDS = {"times": 1, "counter": 1, "remainder": 1, "subtraction": 2, "comparison": 2}
_NUM_OPERANDS |= dict.fromkeys(_ON_SEQUENCES, 1)
_PARTS = {
    "factor": ("times",),
    "modulus": ("counter", "remainder", "cycle_navigation"),
    "digit_order": ("remainder",),
    "group": ("group",),
    "depth": ("dyck",),
    "kinds": ("dyck",),
    "machine": ("machine",),
}
"""The settings of single tasks."""
_HAVE_DEFAULTS = (("modulus", "cycle_navigation"), ("digit_order", "remainder"))


class MachineTables(Configuration):
    """A machine's tables: one row per state, one column per symbol; state 0 is the initial state."""

    next_state: tuple[tuple[Entry, ...], ...]
    output: tuple[tuple[Entry, ...], ...]
    states: tuple[str, ...] | None = None
    """Names of the states."""
    symbols: tuple[str, ...] | None = None
    """Names of the symbols."""

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        counts = len(self.next_state), max(map(len, self.next_state), default=0)
        for what, names, count in zip(
            ("states", "symbols"), (self.states, self.symbols), counts, strict=True
        ):
            if names is None:
                continue
            if len(names) != count:
                raise ValueError(f"machine.{what} has {len(names)} names; the tables have {count} {what}")
            bad = next((name for name in names if not (name.isprintable() and name.strip())), None)
            bad = next((name for name in names if len(name) > LONGEST_NAME), bad)
            if bad is not None:
                allowed = f"names have 1 to {LONGEST_NAME} printable characters"
                raise ValueError(f"machine.{what} has the name {shown(bad)}; {allowed}")
            twice = next((name for name, number in Counter(names).items() if number > 1), None)
            if twice is not None:
                raise ValueError(f"machine.{what} has the name {shown(twice)} twice; names must differ")
        return self

    @model_serializer(mode="wrap")
    def _without_missing_names(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Tables without names are written as before there were any."""
        return {name: value for name, value in handler(self).items() if value is not None}


class TaskChoice(Configuration):
    """The choice of a task."""

    task: Literal[
        "addition", "subtraction", "times", "comparison", "counter", "remainder",
        "parity", "cycle_navigation", "group", "dyck", "flip_flop", "machine",
    ] = "addition"  # fmt: skip
    """What to compute: the sum, the difference, one operand times a constant, how two operands compare, one
    operand's digit sum or remainder modulo a constant; of a sequence of symbols the parity, the place on
    a cycle, the product in a group, the open bracket, the bit last written; or the output of a machine
    given by its tables."""
    base: Annotated[int, Field(ge=MIN_BASE, le=MAX_BASE)] = 10
    """The base of the digits. Tasks on sequences have symbols of their own instead."""
    num_operands: Annotated[int, Field(ge=1, le=8)] | None = None
    """Number of operands: for addition 2 by default; 2 for subtraction and comparison, 1 for the others."""
    factor: Annotated[int, Field(ge=1, le=1000)] | None = None
    """The constant of the task `times`."""
    modulus: Annotated[int, Field(ge=2, le=255)] | None = None
    """The constant of the tasks `counter` and `remainder`; the length of the cycle of `cycle_navigation`, 5
    by default."""
    digit_order: Literal["least-first", "most-first"] | None = None
    """Which digit of its number the task `remainder` reads first: the least significant by default."""
    group: Literal["s3", "a5", "s5"] | None = None
    """The permutation group of the task `group`."""
    depth: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many brackets of the task `dyck` may be open at once."""
    kinds: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many kinds of brackets the task `dyck` has."""
    machine: MachineTables | None = None
    """The tables of the task `machine`."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        problems = []
        for part, tasks in _PARTS.items():
            is_given, is_known = getattr(self, part) is not None, self.task in tasks
            if is_known and not is_given and (part, self.task) not in _HAVE_DEFAULTS:
                problems.append(f"the task {self.task} needs {part}")
            if is_given and not is_known:
                words = f"task{'s' if len(tasks) > 1 else ''} {', '.join(tasks)}"
                problems.append(f"{part} belongs to the {words}, not to {self.task}")
        if self.task in _ON_SEQUENCES and self.base != 10:
            problems.append(
                f"the task {self.task} has symbols of its own; leave out base, which is {self.base}"
            )
        count = _NUM_OPERANDS.get(self.task)
        if count is not None and self.num_operands not in (None, count):
            words = "1 operand" if count == 1 else f"{count} operands"
            problems.append(f"the task {self.task} has {words}, not {self.num_operands}")
        if self.base ** (self.num_operands or 2) > 1_000_000:
            problems.append("base ** num_operands is more than 1000000 symbols; choose fewer")
        if problems:
            raise ValueError("; ".join(problems))
        if self.machine is not None or self.task == "dyck":
            try:
                self.build_task()
            except ConfigurationError as error:
                raise ValueError(str(error)) from None
        return self

    @property
    def fewest_symbols(self) -> int:
        """A bound on the number of symbols from below, without building the machine."""
        is_on_sequences = self.machine is not None or self.task in _ON_SEQUENCES
        return 1 if is_on_sequences else self.base ** (self.num_operands or 1)

    def build_task(self) -> Task:
        """The task that was chosen."""
        if self.task == "times":
            assert self.factor is not None
            return multiplication_by_constant(self.factor, self.base)
        if self.task == "counter":
            assert self.modulus is not None
            return counter(self.modulus, self.base)
        if self.task == "remainder" or self.task in _ON_SEQUENCES:
            return self._build_state_tracking()
        if self.task == "subtraction":
            return subtraction(self.base)
        if self.task == "comparison":
            return comparison(self.base)
        num_operands = self.num_operands or 2
        if self.machine is not None:
            tables = Machine.from_tables(self.machine.next_state, self.machine.output)
            names = {"state_names": self.machine.states, "symbol_names": self.machine.symbols}
            if self._has_own_symbols(tables.num_symbols):
                return Task.on_sequences("machine", tables, **names)
            return Task.from_machine("machine", self.base, num_operands, tables, **names)
        return addition(self.base, num_operands)

    def _has_own_symbols(self, num_symbols: int) -> bool:
        """Whether the tables read a sequence: no base is given, and no numbers have so many symbols."""
        is_free = self.base == 10 and self.num_operands in (None, 1)
        return is_free and num_symbols != self.base ** (self.num_operands or 2)

    def _build_state_tracking(self) -> Task:
        if self.task == "remainder":
            assert self.modulus is not None
            name = f"remainder modulo {self.modulus}"
            if self.digit_order == "most-first":
                machine = state_tracking.leading_remainder(self.modulus, self.base)
                return Task.on_sequences(f"{name}, most significant digit first", machine)
            machine = state_tracking.remainder(self.modulus, self.base)
            return replace(Task.from_machine(name, self.base, 1, machine), extra_positions=0)
        if self.task == "cycle_navigation":
            length = self.modulus or 5
            name = f"navigation on a cycle of {length}"
            return Task.on_sequences(name, state_tracking.cycle_navigation(length))
        if self.task == "group":
            assert self.group is not None
            name = f"product in {self.group.upper()}"
            return Task.on_sequences(name, state_tracking.group_product(self.group))
        if self.task == "dyck":
            assert self.depth is not None
            assert self.kinds is not None
            name = f"Dyck words of depth {self.depth} and kinds {self.kinds}"
            return Task.on_sequences(name, state_tracking.dyck(self.depth, self.kinds))
        if self.task == "flip_flop":
            return Task.on_sequences("flip-flop", state_tracking.flip_flop())
        return Task.on_sequences("parity", state_tracking.parity())
