"""The shortest known counterexample of a run: a file in the store, which the network must confirm."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from ripplecarry.arithmetic.counterexample import Counterexample, shortest
from ripplecarry.arithmetic.digit_text import digit_codes
from ripplecarry.arithmetic.digits import to_digits
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8
from ripplecarry.errors import OperandError, StoreError
from ripplecarry.evaluation.adders import Answers
from ripplecarry.evaluation.simplification import first_wrong, simplify
from ripplecarry.files import UNREADABLE, read_whole
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store

_MOST_POSITIONS = 100_000
_MOST_BYTES = 2**21
_UNREADABLE = (*UNREADABLE, OperandError)


def shortest_known(
    run: Run, store: Store, network: Answers, found: Counterexample | None = None
) -> Counterexample | None:
    """The shortest counterexample known of a run; the store keeps it from now on, where it can be written.

    Args:
        network: the run's; it confirms what the store holds.
        found: one that was found just now; it is simplified first.
    """
    found = None if found is None else simplify(network, found)
    snapshots = _kept(run, store, network)
    best = shortest(snapshots, found)
    is_own = store.owns(run) or not store.has(run.id)  # and not another store's run of the same id
    if best is not None and best is not snapshots and is_own:
        with suppress(StoreError), store.claim(run.id):
            snapshots = _kept(run, store, network)  # another may have kept a shorter one meanwhile
            best = shortest(snapshots, best)
            if best is not None and best is not snapshots:
                store.keep_counterexample(run.id, best.as_dict())
    return best


def _kept(run: Run, store: Store, network: Answers) -> Counterexample | None:
    """The store's, confirmed by the network, in the one file or where older versions wrote."""
    path = store.counterexample_path(run.id)
    found = _confirmed(run.task, network, path)
    return found or _confirmed(run.task, network, store.root / "evaluations" / run.id / "evaluation.json")


def _confirmed(task: Task, network: Answers, path: Path) -> Counterexample | None:
    """The counterexample in a file; None where there is none that can be read, or the network is right."""
    try:
        content = json.loads(read_whole(path, _MOST_BYTES))
        if "grid" in content:  # an evaluation
            content = content["failure"] | {"base": task.base}
        digits = _digits(content["operands"], task, is_decimal="base" not in content)
        positions = max(len(digits) + task.extra_positions, int(content["first_wrong_position"]) + 1)
    except _UNREADABLE:
        return None
    if positions > _MOST_POSITIONS:
        return None
    return first_wrong(network, task, np.pad(digits, ((0, positions - len(digits)), (0, 0)))[None])


def _digits(texts: Sequence[str], task: Task, *, is_decimal: bool) -> UInt8[np.ndarray, "position operand"]:
    """The operands' digits, least significant first, without leading zeros.

    Args:
        is_decimal: as certifying wrote them in older versions, in any base.
    """
    if len(texts) != task.num_operands:
        raise ValueError(f"{len(texts)} operands are given; {task.name} has {task.num_operands}")
    if not task.is_on_numbers:
        rows = np.array([[int(symbol) for symbol in text.split()] for text in texts])
        if rows.min() < 0:
            raise ValueError(f"{texts!r} are not symbols")
    elif is_decimal:
        numbers = [int(text) for text in texts]
        length = max(1, *(number.bit_length() for number in numbers))
        rows = to_digits(numbers, task.base, length)
    else:
        codes = [digit_codes(task.base)[np.frombuffer(text.encode()[::-1], np.uint8)] for text in texts]
        length = max(map(len, codes))
        rows = np.stack([np.pad(row, (0, length - len(row))) for row in codes])
    if rows.max() >= task.base:
        raise ValueError(f"{texts!r} are not written in base {task.base}")
    rows = rows.astype(np.uint8)
    used = np.flatnonzero(rows.any(axis=0))
    return rows.T[: used[-1] + 1 if len(used) else 1]
