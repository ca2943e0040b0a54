"""Adding with a run's network."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Annotated, Any, overload

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.digits import MAX_BASE
from ripplecarry.arithmetic.number_lines import find_lines, find_number
from ripplecarry.arithmetic.text_source import TextInMemory, open_text
from ripplecarry.engines.registry import EngineName
from ripplecarry.errors import ConfigurationError, OperandError
from ripplecarry.evaluation.compared_sums import ComparedSums
from ripplecarry.evaluation.integer_sums import ArrayDigits, Number, add_numbers
from ripplecarry.evaluation.stream import Digits, NetworkSums
from ripplecarry.evaluation.written_sums import SumWriter
from ripplecarry.files import Spool
from ripplecarry.notebook import Shown
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.verbs.find_run import find_run
from ripplecarry.verbs.parameters import EngineOption, Option, Report, RunOption, StoreOption, verb

_MOST_SHOWN = 100
"""Bytes of answers that a line shows."""


@dataclass(frozen=True, repr=False)
class WrittenSums(Shown):
    """Answers as text in the run's base, without leading zeros, in the order of what was added."""

    spool: Spool
    """A line each, on disk."""
    compared: ComparedSums | None
    """How many are exact, where that was asked for."""
    counterexample: Counterexample | None = None
    """The shortest known of the run, where a sum is wrong."""

    def _line(self) -> str:
        if self.spool.is_open and self.spool.length <= _MOST_SHOWN:
            words = ", ".join(self)
        else:
            words = f"answers of {self.spool.length:,} bytes"
        if self.compared is None:
            return words
        return f"{words}; {self.compared.num_wrong} of {self.compared.num_sums} sums wrong"

    def __iter__(self) -> Iterator[str]:
        rest = b""
        for block in self.spool.blocks(self.spool.length):
            *lines, rest = (rest + block).split(b"\n")
            yield from (line.decode() for line in lines)


@overload
def add(run: RunOption, *numbers: Number, **options: Any) -> int: ...  # pyrefly: ignore[inconsistent-overload]
@overload
def add(run: RunOption, *numbers: Sequence[Number], **options: Any) -> list[int]: ...  # pyrefly: ignore
@overload
def add(run: RunOption, *numbers: Any, **options: Any) -> int | list[int] | WrittenSums: ...
@verb
def add(
    run: RunOption,
    *numbers: Annotated[Any, Option("One for each operand of the run.")],
    from_: Annotated[
        list[str] | None,
        Option(
            "File with the operands of one sum on each line, - for standard input; or, given once for "
            "each operand, files with one number each."
        ),
    ] = None,
    verify: Annotated[bool, Option("Compare with the exact sums.")] = False,
    engine: EngineOption = "auto",
    store: StoreOption = DEFAULT_STORE,
    report: Report = lambda num_positions, total: None,
):
    """The sum as this run's network answers it, right or wrong; or its answer to the task it learned.

    Args:
        numbers: one for each operand of the task; each an integer of any size, text in the run's base, or
            an array of digits, least significant first. Lists of these give a list of sums, many at a time.
        report: told how many positions were added since the last time, and how many there are.
    Returns:
        Integers; where a task's answers are no numbers, arrays with an answer for each position, the lowest
        first; `WrittenSums` where numbers are text or come from files, or sums are verified.
    Raises:
        OperandError: operands that are negative, no numbers, outside the base, too many or too few.
        ConfigurationError: a task of more symbols than there are characters for digits.
    """
    given = [from_] if isinstance(from_, str) else from_ or ()
    files = [os.path.expanduser(file) for file in given]
    if numbers and files:
        raise ConfigurationError(
            f"numbers are given, or come from files, not both: {len(numbers)} and {len(files)} were given; "
            "each file needs from_=FILE of its own"
        )
    if files.count("-") > 1:
        raise ConfigurationError("standard input was given more than once; it can be read once")
    subject = find_run(run, store)
    sums = open_sums(subject, engine)
    compared = ComparedSums(sums.task) if verify else None

    def with_known(written: WrittenSums) -> WrittenSums:
        if compared is None or not compared.num_wrong:
            return written
        known = shortest_known(subject, Store(store), sums.network, compared.counterexample)
        return replace(written, counterexample=known)

    if files:
        return with_known(_add_files(sums, files, compared, report))
    rows, are_many = _rows(numbers, sums.num_operands)
    if verify or any(isinstance(number, str) for row in rows for number in row):
        digits = [
            [_digits(number, place, sums.base) for place, number in enumerate(row, 1)] for row in rows
        ]
        return with_known(_write(sums, digits, compared, report))
    results = add_numbers(sums, rows)
    return results if are_many else results[0]


def open_sums(run: Run, engine: EngineName) -> NetworkSums:
    """The sums of this run's network, computed by this engine."""
    task = run.task
    if not task.is_on_numbers:
        raise ConfigurationError(
            f"run {run.id} learned the task {task.name}, which reads a sequence and no numbers; "
            "`ripplecarry evaluate` tests its answers"
        )
    if max(task.base, task.num_outputs) > MAX_BASE:
        raise ConfigurationError(
            f"run {run.id} learned the task {task.name}, which has base {task.base} and {task.num_outputs} "
            f"answers; add reads and writes at most {MAX_BASE} of each, as characters"
        )
    return NetworkSums(engine_of(run, engine).load(run.trial, run.task, run.weights), run.trial, run.task)


def _rows(numbers: tuple[Any, ...], wanted: int) -> tuple[list[tuple[Any, ...]], bool]:
    """The operands of each sum, and whether they came in lists."""
    if len(numbers) != wanted:
        raise OperandError(f"this run takes {wanted} number{'s' * (wanted > 1)}; {len(numbers)} came")
    lengths = {len(each) if isinstance(each, list | tuple) else None for each in numbers}
    if len(lengths) > 1:
        raise OperandError(
            "operands are numbers, or lists that are all as long; mixed or of other lengths came"
        )
    return ([numbers], False) if None in lengths else (list(zip(*numbers, strict=True)), True)


def _digits(number: Number | str, place: int, base: int) -> Digits:
    if isinstance(number, str):
        return find_number(TextInMemory(f"operand {place}", os.fsencode(number)), base)
    return ArrayDigits.of(number, base)


def _add_files(
    sums: NetworkSums, files: list[str], compared: ComparedSums | None, report: Report
) -> WrittenSums:
    wanted, base = sums.num_operands, sums.base
    if len(files) not in (1, wanted):
        raise ConfigurationError(
            f"this run takes {wanted} numbers; {len(files)} files came; give one file with {wanted} "
            f"numbers on each line, or {wanted} files with one number each"
        )
    with ExitStack() as stack:
        texts = [stack.enter_context(open_text(file)) for file in files]
        if len(texts) > 1:
            return _write(sums, [[find_number(text, base) for text in texts]], compared, report)
        (text,) = texts
        lines = find_lines(text, base, wanted)
        total = sum(int(sums.num_positions(some.lengths).sum()) for some in lines)
        written = WrittenSums(Spool(), compared)
        writer = SumWriter(sums, written.spool, compared, lambda amount: report(amount, total))
        writer.write_lines(text, find_lines(text, base, wanted))
        return written


def _write(
    sums: NetworkSums, rows: Sequence[Sequence[Digits]], compared: ComparedSums | None, report: Report
) -> WrittenSums:
    total = sum(max(each.length for each in row) for row in rows)
    written = WrittenSums(Spool(), compared)
    writer = SumWriter(sums, written.spool, compared, lambda amount: report(amount, total))
    for number, row in enumerate(rows, 1):
        writer.write_long(row, number)
    return written
