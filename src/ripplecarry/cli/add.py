"""`ripplecarry add`: sums by a network, of numbers of any length."""

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import EngineOption, JsonOption, StoreOption, engine_name
from ripplecarry.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from ripplecarry.evaluation.compared_sums import ComparedSums
    from ripplecarry.evaluation.stream import NetworkSums
    from ripplecarry.files import Spool


def add(
    run: Annotated[str, Parameter(help="A run's id, its beginning, or folder.")],
    /,
    numbers: Annotated[
        list[str] | None,
        Parameter(negative="", allow_leading_hyphen=True, help="One for each operand of the run."),
    ] = None,
    *,
    from_: Annotated[
        list[str] | None,
        Parameter(
            name="--from",
            negative="",
            allow_leading_hyphen=True,
            help="File with the operands of one sum on each line, - for standard input; or, given once for "
            "each operand, files with one number each.",
        ),
    ] = None,
    verify: Annotated[
        bool, Parameter(negative="", help="Compare with the exact sums; exit status 1 where one is wrong.")
    ] = False,
    engine: EngineOption = "auto",
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Add numbers of any length with a run's network, in constant memory.

    Prints the network's answer, right or wrong, without leading zeros; `--verify` says which it is.
    Numbers are in the run's base, digits 0-9 and a-z. Without numbers and without `--from`, lines come
    from standard input. All input is checked before anything is added, and all is added before anything
    is printed. Meanwhile answers, and what comes through a pipe, are kept in the folder for temporary
    files, which TMPDIR names.

    Example: ripplecarry add 7cbcf572b8 999999999999 1 --verify
    """
    from ripplecarry.engines.registry import open_engine
    from ripplecarry.evaluation.compared_sums import ComparedSums
    from ripplecarry.files import Spool
    from ripplecarry.runs.store import Store
    from ripplecarry.runs.summing import open_sums

    given, files = numbers or [], from_ or []
    _check_origin(given, files)
    sums = open_sums(Store(store).find(run), open_engine(engine_name(engine)))
    compared = ComparedSums() if verify else None
    with Spool() as output:
        if not given and len(files) < 2:
            _add_lines(sums, (files or ["-"])[0], output, compared)
        else:
            _add_once(sums, given, files, output, compared)
        _print(output, compared, as_json)
    if compared is None:
        return 0
    if not as_json:
        print(f"ripplecarry: {_verdict(compared)}", file=sys.stderr)
    return 1 if compared.num_wrong else 0


def _check_origin(numbers: list[str], files: list[str]) -> None:
    for number in numbers:
        if number.startswith("--"):  # an option must be able to stand behind the numbers
            raise ConfigurationError(f"unknown option {number!r}; `ripplecarry add --help` lists them")
    if numbers and files:
        raise ConfigurationError(
            f"numbers come from the command line or from files, not both: {len(numbers)} and {len(files)} "
            "were given; each file needs its own --from"
        )
    if files.count("-") > 1:
        raise ConfigurationError("standard input was given more than once; it can be read once")


def _add_lines(sums: "NetworkSums", file: str, output: "Spool", compared: "ComparedSums | None") -> None:
    from ripplecarry.arithmetic.number_lines import find_lines
    from ripplecarry.arithmetic.text_source import open_text
    from ripplecarry.cli.progress import progress_line
    from ripplecarry.evaluation.written_sums import SumWriter

    with open_text(file) as text:
        total = 0
        for lines in find_lines(text, sums.base, sums.num_operands):
            total += int(sums.num_positions(lines.lengths).sum())
        with progress_line(total, "digits") as progress:
            writer = SumWriter(sums, output, compared, progress.advance)
            writer.write_lines(text, find_lines(text, sums.base, sums.num_operands))


def _add_once(
    sums: "NetworkSums",
    numbers: list[str],
    files: list[str],
    output: "Spool",
    compared: "ComparedSums | None",
) -> None:
    from ripplecarry.arithmetic.number_lines import find_number
    from ripplecarry.arithmetic.text_source import TextInMemory, open_text
    from ripplecarry.cli.progress import progress_line
    from ripplecarry.evaluation.written_sums import SumWriter

    wanted = sums.num_operands
    if numbers and len(numbers) != wanted:
        raise ConfigurationError(f"this run adds {wanted} numbers; {len(numbers)} came")
    if files and len(files) != wanted:
        raise ConfigurationError(
            f"this run adds {wanted} numbers; --from came {len(files)} times; give it once, for a file "
            f"with {wanted} numbers on each line, or {wanted} times, for files with one number each"
        )
    with ExitStack() as stack:
        texts = [TextInMemory(f"operand {n}", os.fsencode(each)) for n, each in enumerate(numbers, 1)]
        texts += [stack.enter_context(open_text(file)) for file in files]
        operands = [find_number(text, sums.base) for text in texts]
        total = max(operand.length for operand in operands)
        progress = stack.enter_context(progress_line(total, "digits"))
        SumWriter(sums, output, compared, progress.advance).write_long(operands)


def _print(output: "Spool", compared: "ComparedSums | None", as_json: bool) -> None:
    """Copies the answers to standard output, where nothing but them goes."""
    if as_json:
        verified = None if compared is None else asdict(compared)
        before, between, after = (
            b'{"sums": ["',
            b'", "',
            f'"], "verified": {json.dumps(verified)}}}\n'.encode(),
        )
    else:
        before, between, after = b"", b"\n", b"\n"
    if sys.stdout is None:
        raise StoreError("cannot write to standard output: it is closed")
    sys.stdout.flush()
    stream = sys.stdout.buffer
    try:
        stream.write(before)
        for content in output.blocks(output.length - 1):  # without the last line's end
            stream.write(content.replace(b"\n", between))
        stream.write(after)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise StoreError(
            f"cannot write to standard output: {error.strerror}; what came is not whole"
        ) from None


def _verdict(compared: "ComparedSums") -> str:
    if compared.first_wrong is None:
        return "the sum is exact" if compared.num_sums == 1 else f"all {compared.num_sums} sums are exact"
    wrong = compared.first_wrong
    words = (
        f"the first wrong digit is at position {wrong.position}, counted from 0 at the last digit: "
        f"the network has {wrong.answer}, the exact sum {wrong.exact}"
    )
    if compared.num_sums == 1:
        return f"the sum is wrong; {words}"
    counts = f"{compared.num_wrong} of {compared.num_sums} sums are wrong"
    return f"{counts}; in that of line {wrong.number} {words}"
