"""Operands that break networks which pass random tests: patterns, extremes and runs of one digit pair."""

from collections.abc import Iterable, Sequence
from itertools import permutations

import numpy as np

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import UInt8

Cases = dict[str, UInt8[np.ndarray, "row position operand"]]
"""Operands of one length, by what makes them hard."""

MOST_SYMBOLS = 256
"""If there are more digit tuples than this, this many evenly spaced ones stand for all."""

_NUM_ALTERNATED = 7


def hard_cases(task: Task, length: int) -> Cases:
    """The hard cases of this length; for addition of two operands also those about carries."""
    symbols = _symbols(task)
    zeros = np.zeros((1, length, task.num_operands), dtype=np.uint8)
    first_only = np.repeat(zeros, len(symbols), axis=0)
    first_only[:, 0] = symbols
    cases = {
        "zero": zeros,
        "one digit tuple repeated": np.repeat(symbols[:, None], length, axis=1),
        "two digit tuples alternating": _alternating(symbols, length),
        "the first digit only": first_only,
    }
    if task.has_carry_runs:
        cases |= _of_carries(task.base, length)
    return cases


def _symbols(task: Task) -> UInt8[np.ndarray, "symbol operand"]:
    count = task.base**task.num_operands
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_SYMBOLS)).astype(np.int64))
    return task.digits_of(chosen)


def _alternating(symbols: np.ndarray, length: int) -> np.ndarray:
    few = symbols[np.unique(np.linspace(0, len(symbols) - 1, _NUM_ALTERNATED).astype(int))]
    pairs = list(permutations(range(len(few)), 2)) or [(0, 0)]
    rows = np.empty((len(pairs), length, symbols.shape[1]), dtype=np.uint8)
    for row, (even, odd) in enumerate(pairs):
        rows[row, ::2], rows[row, 1::2] = few[even], few[odd]
    return rows


def _of_carries(base: int, length: int) -> Cases:
    top = base - 1
    passing = [(d, top - d) for d in range(base)]
    generating = dict.fromkeys([(top, 1), (1, top), (top, top), (base - base // 2, base // 2)])
    ending = [(0, 0), (top - 1, 0), (0, top - 1)]
    one = [_digits(1, length)] * 2
    nines, zero = np.full(length, top), np.zeros(length)
    half = np.where(np.arange(length) < (length + 1) // 2, top, 0)
    highest = np.zeros(length)
    highest[-1] = 1
    return {
        "one": _pairs((zero, one[0]), (one[0], zero), (one[0], one[1])),
        "all nines": _pairs((nines, one[0]), (one[0], nines), (nines, nines), (nines, zero), (zero, nines)),
        "a carry run of one digit pair": _rows(
            [start, *[pair] * (length - 1)] for start in generating for pair in passing
        ),
        "an idle run of one digit pair": _rows(
            row
            for pair in passing
            for row in (
                [pair] * length,
                *([start, *[pair] * (length - 1)] for start in ending),
                [*[pair] * (length // 2), *[(top, 1)] * (length - length // 2)],
                [*[pair] * (length - 1), (top, top)],
            )
        ),
        "very unequal lengths": _pairs(
            *(
                sides
                for long in (nines, half, highest)
                for short in (1, top, base // 2)
                for sides in (
                    (long, _digits(short, length)),
                    (_digits(short, length), long),
                )
            )
        ),
    }


def _digits(first: int, length: int) -> np.ndarray:
    digits = np.zeros(length)
    digits[0] = first
    return digits


def _pairs(*pairs: tuple[np.ndarray, np.ndarray]) -> UInt8[np.ndarray, "row position 2"]:
    return np.array([np.stack(pair, axis=1) for pair in pairs]).astype(np.uint8)


def _rows(rows: Iterable[Sequence[tuple[int, int]]]) -> UInt8[np.ndarray, "row position 2"]:
    return np.array(list(rows), dtype=np.uint8)
