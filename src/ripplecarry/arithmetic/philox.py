"""Philox 4x32-10, the counter-based generator of every random number here.

A draw is a pure function of key and counter, so any engine on any device draws the same.
Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from enum import IntEnum

import numpy as np

from ripplecarry.axes import Integer, UInt32

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)

MAX_SEED = 2**64 - 1


class Stream(IntEnum):
    """What numbers are drawn for; no two streams ever share a counter."""

    INITIAL_VALUES = 0
    TRAINING = 1
    EVALUATION = 2
    EVALUATION_AT_OTHER_LENGTHS = 3
    EVALUATION_BY_RUN = 4


def philox(key: tuple[int, int], counter: UInt32[np.ndarray, "4 count"]) -> UInt32[np.ndarray, "4 count"]:
    """Four random words for each counter of four words.

    Args:
        key: two 32-bit words.
    """
    c0, c1, c2, c3 = counter.astype(np.uint64)
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c2 = (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0), (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1)
        c1, c3 = p1 & _LOW, p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3]).astype(np.uint32)


def below(words: UInt32[np.ndarray, "..."], bound: Integer[np.ndarray, "..."] | int) -> np.ndarray:
    """Random words as numbers below a bound: floor(word * bound / 2**32).

    Misses uniformity by less than bound / 2**32.
    """
    return (words.astype(np.uint64) * np.asarray(bound, dtype=np.uint64)) >> _SHIFT


def random_words(
    seed: int, stream: Stream, step: int, num_rows: int, words_per_row: int, *, first_word: int = 0
) -> UInt32[np.ndarray, "row word"]:
    """A table of words, each a function of (seed, stream, step, row, word) alone.

    The key is the seed; the counter is (word // 4, row, step, stream), and word % 4 picks one of its
    four words. A larger table therefore begins with the smaller one.

    Args:
        seed: 0 to 2**64 - 1.
        step: 0 to 2**32 - 1.
        first_word: first word of each row to return, a multiple of 4.
    """
    blocks = -(-words_per_row // 4)
    counter = np.empty((4, num_rows, blocks), dtype=np.uint32)
    counter[0] = np.arange(first_word // 4, first_word // 4 + blocks, dtype=np.uint32)
    counter[1] = np.arange(num_rows, dtype=np.uint32)[:, None]
    counter[2] = step
    counter[3] = stream
    words = philox((seed & 0xFFFFFFFF, seed >> 32), counter.reshape(4, -1))
    return words.T.reshape(num_rows, 4 * blocks)[:, :words_per_row]
