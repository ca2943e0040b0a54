"""`ripplecarry add`: a network's sums or other answers, of numbers of any length."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from ripplecarry.cli.command import command
from ripplecarry.cli.say import say
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.verbs import add as verb

if TYPE_CHECKING:
    from ripplecarry.arithmetic.counterexample import Counterexample
    from ripplecarry.evaluation.compared_sums import ComparedSums


@command(verb.add)
def add(run: str, *numbers: str, from_: list[str] | None, as_json: bool, **options: Any) -> int:
    """Add numbers of any length with a run's network, in constant memory.

    Prints the network's answer, right or wrong, without leading zeros; `--verify` says which it is,
    with exit status 1 where one is wrong.
    A run of another task does with the numbers what it learned. Where its answers are no numbers, as for a
    comparison, a line has a character for each position, the highest first.
    Numbers are in the run's base, digits 0-9 and a-z. Without numbers and without `--from`, lines come
    from standard input. All input is checked before anything is added, and all is added before anything
    is printed. Meanwhile answers, and what comes through a pipe, are kept in the folder for temporary
    files, which TMPDIR names.

    Example: ripplecarry add 7cbcf572b8 999999999999 1 --verify
    """
    for number in numbers:
        if number.startswith("--"):  # an option must be able to stand behind the numbers
            raise ConfigurationError(f"unknown option {number!r}; `ripplecarry add --help` lists them")
    files = from_ or (None if numbers else ["-"])
    sums = verb.add(run, *numbers, from_=files, **options)
    assert isinstance(sums, verb.WrittenSums)
    with sums.spool:
        _print(sums, as_json)
    if sums.compared is None:
        return 0
    if not as_json:
        say(_verdict(sums.compared, sums.counterexample))
    return 1 if sums.compared.num_wrong else 0


def _print(sums: verb.WrittenSums, as_json: bool) -> None:
    """Copies the answers to standard output, where nothing but them goes."""
    if as_json:
        verified = None if sums.compared is None else _as_dict(sums.compared, sums.counterexample)
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
        for content in sums.spool.blocks(sums.spool.length - 1):  # without the last line's end
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


def _as_dict(compared: "ComparedSums", known: "Counterexample | None") -> dict[str, object]:
    return {
        "num_sums": compared.num_sums,
        "num_wrong": compared.num_wrong,
        "first_wrong": compared.first_wrong,
        "counterexample": None if known is None else known.as_dict(),
    }


def _verdict(compared: "ComparedSums", known: "Counterexample | None") -> str:
    what = "sum" if compared.task.name == "addition" else "answer"
    if compared.first_wrong is None:
        return (
            f"the {what} is exact"
            if compared.num_sums == 1
            else f"all {compared.num_sums} {what}s are exact"
        )
    number, position, answer, exact = compared.first_wrong.values()
    words = str(
        compared.counterexample
        or f"the first wrong digit is at position {position}, counted from 0 at the last digit: "
        f"the network has {answer}, the exact {what} {exact}"
    )
    if known is not None and str(known) != words:
        words += f"; the shortest wrong {what} known: {known}"
    if compared.num_sums == 1:
        return f"the {what} is wrong: {words}"
    return f"{compared.num_wrong} of {compared.num_sums} {what}s are wrong; line {number}: {words}"
