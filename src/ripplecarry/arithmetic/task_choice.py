"""The choice of a task: its settings, their bounds, and the task that they make."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ripplecarry.arithmetic import state_tracking
from ripplecarry.arithmetic.digits import MAX_BASE, MIN_BASE
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import (
    Task,
    addition,
    comparison,
    counter,
    multiplication_by_constant,
    subtraction,
)
from ripplecarry.configuration import Configuration, Entry
from ripplecarry.errors import ConfigurationError
from ripplecarry.values import shown

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
        if self.base != 10:
            problems += self.without_effect({"base"})
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

    def without_effect(self, given: Collection[str]) -> list[str]:
        """What is wrong with settings that were given, whatever their value, since this task has no use for
        them; `base` alone can be."""
        if self.task not in _ON_SEQUENCES or "base" not in given:
            return []
        return [f"the task {self.task} has symbols of its own; leave out base, which is {self.base}"]

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
