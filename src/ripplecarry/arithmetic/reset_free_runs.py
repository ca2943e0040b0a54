"""Reset-free runs of any machine, and drawing symbols by the longest one, uniformly.

A symbol resets a machine where it takes every reachable state to the same one: what came before no longer
matters. A reset-free run is a stretch of positions without a reset. In a sequence whose longest such run is
wanted, the first longest one is placed by its share; before it all runs are shorter, after it none is
longer, and a reset parts it from either side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.operands_by_run import WORDS_BEFORE
from ripplecarry.arithmetic.philox import Stream, below, random_words
from ripplecarry.axes import Float, Int, UInt32
from ripplecarry.errors import ConfigurationError

_POSITIONS_AT_A_TIME = 256
_PLACING = WORDS_BEFORE - 1  # the random word that places the longest run
_RESCALED_BELOW = 1e-100


@dataclass(frozen=True)
class ResetFreeRuns:
    """The symbols of a machine, sorted by whether they reset it."""

    is_reset: bytes
    """For each symbol 1 where it resets, else 0."""

    @classmethod
    def of(cls, machine: Machine) -> "ResetFreeRuns":
        """The sorted symbols of a machine."""
        return _of_machine(machine)

    @cached_property
    def _symbols(self) -> Int[np.ndarray, " symbol"]:
        """All symbols, those that reset first."""
        return np.argsort(-self._marks, kind="stable")

    @cached_property
    def _marks(self) -> Int[np.ndarray, " symbol"]:
        return np.frombuffer(self.is_reset, dtype=np.int8)

    @property
    def resetting(self) -> Int[np.ndarray, " symbol"]:
        """The symbols that reset."""
        return self._symbols[: self._num_resetting]

    @property
    def keeping(self) -> Int[np.ndarray, " symbol"]:
        """The symbols that do not."""
        return self._symbols[self._num_resetting :]

    @property
    def _num_resetting(self) -> int:
        return self.is_reset.count(1)

    @property
    def _num_others(self) -> int:
        return self.is_reset.count(0)

    def possible(self, length: int) -> range:
        """The longest runs that sequences of this length can have."""
        if not self._num_resetting:
            return range(length, length + 1)
        return range(length + 1 if self._num_others else 1)

    def longest(self, symbols: Int[np.ndarray, "row position"]) -> Int[np.ndarray, " row"]:
        """The length of each row's longest reset-free run; 0 where every symbol resets."""
        current = np.zeros(len(symbols), dtype=np.int64)
        longest = current.copy()
        for resets in self._marks[symbols.T]:
            current = np.where(resets, 0, current + 1)
            np.maximum(longest, current, out=longest)
        return longest

    def draw(
        self, seed: int, stream: Stream, step: int, length: int, runs: Sequence[int], num_rows: int
    ) -> Int[np.ndarray, "row position"]:
        """So many rows of symbols for each longest run, in this order, as a pure function of the arguments.

        Raises:
            ConfigurationError: a run that no sequence of this length has.
        """
        possible = self.possible(length)
        for run in runs:
            if run not in possible:
                allowed = f"{possible[0]} to {possible[-1]}" if len(possible) > 1 else f"{possible[0]} only"
                raise ConfigurationError(
                    f"a longest reset-free run of {run} does not occur at length {length}; choose {allowed}"
                )
        lengths, wanted = np.full(len(runs) * num_rows, length), np.repeat(runs, num_rows)

        def words(first: int, count: int) -> UInt32[np.ndarray, "row word"]:
            return random_words(seed, stream, step, len(lengths), count, first_word=first)

        return self._draw(lengths, wanted, words(0, WORDS_BEFORE)[:, _PLACING], words)

    def balanced(
        self, words: UInt32[np.ndarray, "row word"], lengths: Int[np.ndarray, " row"]
    ) -> Int[np.ndarray, "row position"]:
        """Symbols of the given lengths, 0 beyond them, with every possible longest run as often.

        Args:
            words: `balanced_words` per row; the third picks the run.
        """
        if self._num_resetting and self._num_others:
            runs = below(words[:, 2], lengths + 1).astype(np.int64)
        else:
            runs = np.zeros_like(lengths) if self._num_resetting else lengths
        return self._draw(
            lengths, runs, words[:, _PLACING], lambda first, count: words[:, first : first + count]
        )

    def _draw(
        self,
        lengths: Int[np.ndarray, " row"],
        runs: Int[np.ndarray, " row"],
        placing: UInt32[np.ndarray, " row"],
        words: Callable[[int, int], UInt32[np.ndarray, "row word"]],
    ) -> Int[np.ndarray, "row position"]:
        length = int(lengths.max(initial=1))
        is_free = (runs > 0) & (runs < lengths)
        bounds = np.unique(np.concatenate([[0], runs[is_free] - 1, runs[is_free]]))
        counts = self._num_resetting, self._num_others
        shares = np.stack([_log_shares(*counts, int(bound), length) for bound in bounds])
        before, after = (np.searchsorted(bounds, np.where(is_free, each, 0)) for each in (runs - 1, runs))
        starts = self._starts(lengths, runs, placing, shares, before, after)
        log_reset, log_other = self._logs
        symbols = np.zeros((len(lengths), length), dtype=np.min_scalar_type(len(self.is_reset)))
        count, log_share = np.zeros(len(lengths), dtype=np.int64), np.zeros(len(lengths))
        for first in range(0, length, _POSITIONS_AT_A_TIME):
            positions = range(first, min(first + _POSITIONS_AT_A_TIME, length))
            drawn = words(WORDS_BEFORE + 2 * first, 2 * len(positions))
            chances = np.log((drawn[:, ::2].T + 0.5) / 2**32)
            for position, chance in zip(positions, chances, strict=True):
                since = position - starts
                is_after = since > runs
                # Positions from this one to the end of the stretch, and how long its runs may be.
                left = np.maximum(np.where(is_after, lengths, starts - 1) - position, 1)
                row, most = np.where(is_after, after, before), np.where(is_after, runs, runs - 1)
                log_share = np.where(count, log_share, shares[row, left])
                # Numbers of no meaning arise where the choice is made already.
                with np.errstate(divide="ignore", invalid="ignore"):
                    log_chance = np.minimum(log_reset + shares[row, left - 1] - log_share, 0)
                    resets = np.where(count < most, chance < log_chance, True)
                    # The share of the sequences that go on without a reset here.
                    log_share = log_share + np.log1p(-np.exp(log_chance)) - log_other
                resets = np.where((since >= 0) & (since <= runs), since == runs, resets | (since == -1))
                count = np.where(resets, 0, count + 1)
                chosen = below(drawn[:, 2 * (position - first) + 1], np.where(resets, *counts))
                symbols[:, position] = self._symbols[
                    np.where(resets, 0, counts[0]) + chosen.astype(np.int64)
                ]
        symbols[np.arange(length) >= lengths[:, None]] = 0
        return symbols

    @property
    def _logs(self) -> tuple[float, float]:
        """The logarithms of the shares of symbols that reset, and that do not."""
        with np.errstate(divide="ignore"):
            counts = np.log([self._num_resetting, self._num_others])
        return tuple((counts - np.log(len(self.is_reset))).tolist())

    def _starts(
        self,
        lengths: Int[np.ndarray, " row"],
        runs: Int[np.ndarray, " row"],
        words: UInt32[np.ndarray, " row"],
        shares: Float[np.ndarray, "bound length_and_zero"],
        before: Int[np.ndarray, " row"],
        after: Int[np.ndarray, " row"],
    ) -> Int[np.ndarray, " row"]:
        """Where each row's first longest run begins; -1 where it has none, since all symbols reset."""
        log_reset, _ = self._logs
        starts = np.where(runs > 0, 0, -1)
        chance = (words + 0.5) / 2**32
        shapes = np.stack([lengths, runs], axis=1)
        for length, run in np.unique(shapes[(runs > 0) & (runs < lengths)], axis=0):
            mine = (shapes == (length, run)).all(axis=1)
            row, last = int(np.argmax(mine)), length - run
            # Nothing, or a stretch and the reset that ends it; the same on the other side.
            ahead, behind = (
                np.concatenate([[0.0], log_reset + shares[each[row], :last]]) for each in (before, after)
            )
            logs = ahead + behind[::-1]
            cumulative = np.cumsum(np.exp(logs - logs.max()))
            starts[mine] = np.searchsorted(cumulative, chance[mine] * cumulative[-1])
        return starts


@lru_cache(maxsize=8)
def _of_machine(machine: Machine) -> ResetFreeRuns:
    following = machine.next_state[machine.reachable_states()]
    return ResetFreeRuns((following == following[0]).all(axis=0).astype(np.int8).tobytes())


@lru_cache(maxsize=1024)
def _log_shares(
    num_resetting: int, num_others: int, bound: int, length: int
) -> Float[np.ndarray, " length_and_zero"]:
    """Of the sequences of 0 to `length` symbols, the logarithm of the share without a run over the bound.

    A sequence longer than the bound begins with a run of at most that many and a reset. All terms are
    positive: subtracting the sequences that end in a longer run would lose every digit where few symbols
    reset.
    """
    other = num_others / (num_resetting + num_others)
    shares, logs = np.ones(length + 1), np.zeros(length + 1)
    by_run = (1 - other) * other ** np.arange(bound, -1, -1.0)
    log_scale = 0.0
    for m in range(bound + 1, length + 1):
        shares[m] = by_run @ shares[m - 1 - bound : m]
        if 0 < shares[m] < _RESCALED_BELOW:
            shares[m - bound : m + 1] /= _RESCALED_BELOW
            log_scale += np.log(_RESCALED_BELOW)
        logs[m] = np.log(shares[m]) + log_scale if shares[m] else -np.inf
    return logs
