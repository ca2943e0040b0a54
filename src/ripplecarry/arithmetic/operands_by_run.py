"""Drawing two operands with a given longest carry run or idle run, uniformly among all such pairs.

A position is one of three sorts: it generates a carry (digit sum at least the base), passes one on (digit
sum base - 1), or ends one (below). Counting the sequences of sorts that stay within a bound gives the
probabilities of the next sort given the previous ones; a position's digits are uniform within its sort.

Both kinds of run are one process. A run is counted *inside*: with a carry for carry runs, without one for
idle runs. Outside, an *entering* sort (generate; for idle runs, end) leads inside; inside, a passing
position adds to the count, an entering one restarts it, a *leaving* one (the other of the two) leads
outside. A carry run's length is its count plus one, for the position that generates it; an idle run's is
its count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ripplecarry.arithmetic.carry_runs import CarryKind
from ripplecarry.arithmetic.digits import check_base
from ripplecarry.arithmetic.philox import Stream, below, random_words
from ripplecarry.axes import Float, Int, UInt8, UInt32
from ripplecarry.errors import ConfigurationError

WORDS_BEFORE = 4
"""Random words of a row that precede those of its positions; the last one places its longest run."""

_WORDS_PER_POSITION = 2
_POSITIONS_AT_A_TIME = 256
_LAST = WORDS_BEFORE - 1


@dataclass(frozen=True, eq=False)
class RunPlan:
    """The plan for each row: its number of digits, and the exact length of its longest run."""

    lengths: Int[np.ndarray, " row"]
    runs: Int[np.ndarray, " row"]
    is_idle: Int[np.ndarray, " row"]
    """1 for the longest idle run, 0 for the longest carry run."""

    @classmethod
    def of(cls, group: Sequence[tuple[CarryKind, int]], length: int, num_rows: int) -> "RunPlan":
        """So many rows of this length for each kind and longest run, in this order.

        Raises:
            ConfigurationError: a run longer than the operands, or operands without digits.
        """
        for kind, run in group:
            if not 0 <= run <= length or length < 1:
                raise ConfigurationError(
                    f"a longest {kind} run of {run} does not fit {length} digits; choose 0 to {length}"
                )
        rows = np.array([(length, run, kind == "idle") for kind, run in group], dtype=np.int64)
        return cls(*np.repeat(rows, num_rows, axis=0).T)


def operands_by_run(
    seed: int, stream: Stream, step: int, plan: RunPlan, *, base: int = 10
) -> UInt8[np.ndarray, "row position 2"]:
    """A pair of operands for each row of the plan, as a pure function of the arguments.

    Probabilities are computed in double precision and drawn with 32 bits, so they are accurate to about
    2**-32 at each position.

    Returns:
        Digits, least significant first, as many positions as the longest row; zero past a row's own.
    """
    num_rows = len(plan.lengths)

    def words(first: int, count: int) -> UInt32[np.ndarray, "row word"]:
        return random_words(seed, stream, step, num_rows, count, first_word=first)

    return _draw(plan, words(0, WORDS_BEFORE)[:, _LAST], words, base)


def operands_from_words(
    words: UInt32[np.ndarray, "row word"], plan: RunPlan, *, base: int = 10
) -> UInt8[np.ndarray, "row position 2"]:
    """The same from words that the caller drew, `words_per_row(length)` per row."""
    return _draw(plan, words[:, _LAST], lambda first, count: words[:, first : first + count], base)


def words_per_row(length: int) -> int:
    """Number of random words that one row's pair takes."""
    return WORDS_BEFORE + _WORDS_PER_POSITION * length


def _draw(
    plan: RunPlan,
    placing: UInt32[np.ndarray, " row"],
    words: Callable[[int, int], UInt32[np.ndarray, "row word"]],
    base: int,
) -> UInt8[np.ndarray, "row position 2"]:
    check_base(base)
    num_rows, length = len(plan.lengths), int(plan.lengths.max(initial=1))
    # The count of the longest run; -1 if no carry may be generated at all.
    counts = plan.runs - (1 - plan.is_idle)
    bounds = np.unique(np.concatenate([counts, np.maximum(counts - 1, -1)]))
    table = _bounded(base, tuple(int(bound) for bound in bounds), length)
    starts = _starts(table, plan, counts, placing)
    # Before the longest run all others are shorter, after it none is longer. If there is none to place,
    # one bound holds throughout.
    is_placed = starts < plan.lengths
    ahead = np.searchsorted(bounds, np.where(is_placed, counts - 1, counts))
    behind = np.searchsorted(bounds, counts)
    walk = _Walk(table, inside=plan.is_idle.astype(bool).copy(), count=np.zeros(num_rows, dtype=np.int64))
    digits = _DigitPairs(base)
    operands = np.zeros((num_rows, length, 2), dtype=np.uint8)
    for first in range(0, length, _POSITIONS_AT_A_TIME):
        positions = range(first, min(first + _POSITIONS_AT_A_TIME, length))
        drawn = words(WORDS_BEFORE + 2 * first, 2 * len(positions))
        chance = (drawn[:, ::2].T + 0.5) / 2**32
        for position, chances in zip(positions, chance, strict=True):
            since = position - starts
            is_behind = since > counts
            left = np.where(is_behind, plan.lengths, np.minimum(starts, plan.lengths)) - position
            walk.step(np.where(is_behind, behind, ahead), left, since, counts, chances)
            sorts = np.where(plan.is_idle == 1, _SWAPPED[walk.sort], walk.sort)
            operands[:, position] = digits.draw(sorts, drawn[:, 2 * (position - first) + 1])
    operands[np.arange(length) >= plan.lengths[:, None]] = 0
    return operands


_ENTER, _PASS, _LEAVE = 0, 1, 2  # for carry runs: generate, pass, end
_SWAPPED = np.array([_LEAVE, _PASS, _ENTER])


class _Walk:
    """All rows' sorts, position by position."""

    def __init__(self, table: "_Bounded", inside: np.ndarray, count: np.ndarray) -> None:
        self._table, self._inside, self._count = table, inside, count
        self.sort = np.zeros(len(inside), dtype=np.int64)

    def step(
        self,
        bound: Int[np.ndarray, " row"],
        left: Int[np.ndarray, " row"],
        since: Int[np.ndarray, " row"],
        counts: Int[np.ndarray, " row"],
        chance: Float[np.ndarray, " row"],
    ) -> None:
        """Draws the next position's sort.

        Args:
            bound: the table's row that applies here.
            left: positions from this one to the end of the stretch where that bound applies.
            since: positions since the longest run's entering one.
            counts: the longest run's count.
            chance: uniform between 0 and 1.
        """
        t = self._table
        m = np.clip(left, 1, t.length)
        passing = np.where(self._inside, 1 - t.stop(bound, m, self._count), t.pass_outside[bound, m])
        passing = np.where(since == counts + 1, 0.0, passing)  # just after the longest run
        rest = np.where(passing < 1, (chance - passing) / np.where(passing < 1, 1 - passing, 1), 0)
        enters = rest < np.where(self._inside, t.enter_inside[bound, m], t.enter_outside[bound, m])
        sort = np.where(chance < passing, _PASS, np.where(enters, _ENTER, _LEAVE))
        sort = np.where(since == 0, _ENTER, np.where((since > 0) & (since <= counts), _PASS, sort))
        self._count = np.where((sort == _PASS) & self._inside, self._count + 1, 0)
        self._inside = (sort == _ENTER) | ((sort == _PASS) & self._inside)
        self.sort = sort


@dataclass(frozen=True, eq=False)
class _Bounded:
    """Shares of the sequences of m positions whose counts stay within a bound; axes (bound, m).

    Attributes:
        outside: the logarithm of the share, starting outside.
        inside: the same, starting inside at count 0.
        stopped: the same, given that the next position does not pass; 0 for no positions.
        scale: the logarithm of the sum over i of q^i times `stopped` at m - i.
    """

    bounds: np.ndarray
    passing: float
    length: int
    outside: np.ndarray
    inside: np.ndarray
    stopped: np.ndarray
    scale: np.ndarray
    enter_outside: np.ndarray
    enter_inside: np.ndarray
    pass_outside: np.ndarray

    def stop(self, bound: np.ndarray, m: np.ndarray, count: np.ndarray) -> np.ndarray:
        """The probability, inside at this count with m positions left, that the next one does not pass."""
        room = self.bounds[bound] - count
        within = room < m
        rest = np.where(within, m - room - 1, 0)
        cut = (room + 1) * np.log(self.passing) + self.scale[bound, rest] - self.scale[bound, m]
        remaining = 1 - np.where(within, np.exp(np.minimum(cut, 0.0)), 0.0)
        share = np.exp(np.minimum(self.stopped[bound, m] - self.scale[bound, m], 0.0))
        return np.where(room <= 0, 1.0, np.minimum(share / np.where(remaining > 0, remaining, 1.0), 1.0))


@lru_cache(maxsize=8)
def _bounded(base: int, bounds: tuple[int, ...], length: int) -> _Bounded:
    """Fills the table by its recurrences, in logarithms because shares underflow any float.

    Inside at count c, with room r = bound - c: i more positions pass, i at most r, and then either none
    is left or the next one does not pass. So the share is the sum over i of q^i * stopped(m - i).
    """
    q = 1 / base
    turn = np.log((base - 1) / (2 * base))  # a position that enters, and one that leaves, alike
    log_q, stay = np.log(q), np.log((base + 1) / (2 * base))
    bound = np.array(bounds)
    shape = (len(bound), length + 1)
    outside, inside, stopped, scale = np.zeros((4, *shape))
    has_inside = bound >= 0
    inside[~has_inside] = -np.inf
    for m in range(1, length + 1):
        # Shares of sequences that leave, and that enter, at the next position.
        left, entered = turn + outside[:, m - 1], turn + inside[:, m - 1]
        outside[:, m] = np.logaddexp(stay + outside[:, m - 1], entered)
        stopped[:, m] = np.logaddexp(left, entered)
        scale[:, m] = np.logaddexp(stopped[:, m], log_q + scale[:, m - 1])
        rest = m - bound - 1
        cut = np.where(
            rest >= 0,
            (bound + 1) * log_q + scale[np.arange(len(bound)), np.maximum(rest, 0)] - scale[:, m],
            -np.inf,
        )
        with np.errstate(divide="ignore"):
            inside[:, m] = np.where(
                has_inside, scale[:, m] + np.log1p(-np.exp(np.minimum(cut, 0))), -np.inf
            )
    before = np.roll(inside, 1, axis=1)
    enter_outside = np.exp(turn + before - outside)
    pass_outside = np.exp(log_q + np.roll(outside, 1, axis=1) - outside)
    enter_inside = np.exp(turn + before - stopped)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Among those that do not pass.
        enter_outside = enter_outside / (1 - pass_outside)
    return _Bounded(
        bound, q, length, outside, inside, stopped, scale, enter_outside, enter_inside, pass_outside
    )


def _starts(
    table: _Bounded, plan: RunPlan, counts: np.ndarray, words: UInt32[np.ndarray, " row"]
) -> Int[np.ndarray, " row"]:
    """Where each row's first longest run has its entering position.

    It is -1 for an idle run that begins with the number, and past the number's end if a bound alone
    suffices: no carry, or no idle position.
    """
    starts = plan.lengths.copy()
    chance = (words + 0.5) / 2**32
    shapes = np.stack([plan.lengths, counts, plan.is_idle], axis=1)
    for length, count, is_idle in np.unique(shapes, axis=0):
        if count < is_idle:
            continue
        mine = (shapes == (length, count, is_idle)).all(axis=1)
        behind = table.stopped[np.searchsorted(table.bounds, count)]
        ahead = (table.inside if is_idle else table.outside)[np.searchsorted(table.bounds, count - 1)]
        last = length - 1 - count
        shares = ahead[: last + 1] + behind[: last + 1][::-1]
        if is_idle:
            turn = np.log((1 - table.passing) / 2)
            shares = np.concatenate([[behind[length - count]], turn + shares])
        cumulative = np.cumsum(np.exp(shares - shares.max()))
        starts[mine] = np.searchsorted(cumulative, chance[mine] * cumulative[-1]) - is_idle
    return starts


class _DigitPairs:
    """The digit pairs of each sort, one row per sort (generate, pass, end)."""

    def __init__(self, base: int) -> None:
        first, second = (digits.ravel() for digits in np.divmod(np.arange(base**2), base))
        sums = first + second
        members = [np.flatnonzero(sorts) for sorts in (sums >= base, sums == base - 1, sums < base - 1)]
        self._counts = np.array([len(pairs) for pairs in members], dtype=np.uint64)
        self._pairs = np.zeros((3, base**2, 2), dtype=np.uint8)
        for sort, pairs in enumerate(members):
            self._pairs[sort, : len(pairs), 0] = first[pairs]
            self._pairs[sort, : len(pairs), 1] = second[pairs]

    def draw(self, sorts: np.ndarray, words: UInt32[np.ndarray, " row"]) -> UInt8[np.ndarray, "row 2"]:
        """A pair of each row's sort."""
        return self._pairs[sorts, below(words, self._counts[sorts])]
