"""Integers to digit arrays and back: any base from 2 to 36, any length, least significant first."""

from collections.abc import Sequence
from operator import index
from typing import SupportsIndex, overload

import numpy as np

from ripplecarry.axes import Integer, UInt8
from ripplecarry.errors import OperandError

MIN_BASE, MAX_BASE = 2, 36

# Integers are split by halving into chunks that fit 64 bits: only the halving works on long integers,
# NumPy does the rest. No decimal string is made, so Python's limit on their length does not apply.
_CHUNK_LIMIT = 2**63
_HALVING_STOPS_AT = 16


def check_base(base: int) -> None:
    """Raises OperandError unless `base` is between 2 and 36."""
    if not MIN_BASE <= base <= MAX_BASE:
        raise OperandError(f"base is {base}; it must be from {MIN_BASE} to {MAX_BASE}")


def to_digits(
    integers: SupportsIndex | Sequence[SupportsIndex] | np.ndarray, base: int, length: int
) -> UInt8[np.ndarray, "*batch length"]:
    """The digits of one integer or of a batch, zero-padded to `length`.

    Args:
        integers: 0 or greater, of any size.
        length: digits per integer.
    Returns:
        Digits, least significant first, on the last axis.
    Raises:
        OperandError: a negative integer, one that needs more than `length` digits, or a bad base.
    """
    check_base(base)
    if length < 1:
        raise OperandError(f"length is {length}; it must be at least 1")
    if isinstance(integers, SupportsIndex) and not isinstance(integers, np.ndarray):
        return to_digits([integers], base, length)[0]
    values = [index(value) for value in integers]
    chunk_length = _chunk_length(base)
    num_chunks = -(-length // chunk_length)
    powers: dict[int, int] = {}
    chunks = np.array(
        [_split(value, num_chunks, base**chunk_length, powers) for value in values],
        dtype=np.uint64,
    ).reshape(len(values), num_chunks)
    digits = np.empty((len(values), num_chunks, chunk_length), dtype=np.uint8)
    for position in range(chunk_length):
        quotient = chunks // np.uint64(base)
        digits[:, :, position] = chunks - quotient * np.uint64(base)
        chunks = quotient
    digits = digits.reshape(len(values), num_chunks * chunk_length)
    if digits[:, length:].any():
        raise OperandError(f"an operand has more than the {length} digits (base {base}) allowed")
    return np.ascontiguousarray(digits[:, :length])


@overload
def from_digits(digits: Integer[np.ndarray, " length"], base: int) -> int: ...
@overload
def from_digits(digits: Integer[np.ndarray, "batch length"], base: int) -> list[int]: ...
def from_digits(digits, base):
    """The integer that an array of digits stands for, or a list of them for a batch.

    Args:
        digits: least significant first on the last axis.
    Raises:
        OperandError: a digit outside the base, or a bad base.
    """
    check_base(base)
    digits = np.asarray(digits)
    if digits.size and not (digits.min() >= 0 and digits.max() < base):
        row = next(row for row in np.atleast_2d(digits) if row.min() < 0 or row.max() >= base)
        position = int(np.argmax((row < 0) | (row >= base)))
        raise OperandError(f"digit {int(row[position])} at position {position} is outside base {base}")
    if digits.ndim == 1:
        (integer,) = _from_rows(digits[None], base)
        return integer
    return _from_rows(digits, base)


def _from_rows(digits: np.ndarray, base: int) -> list[int]:
    chunk_length = _chunk_length(base)
    num_chunks = max(1, -(-digits.shape[1] // chunk_length))
    padded = np.zeros((digits.shape[0], num_chunks * chunk_length), dtype=np.uint64)
    padded[:, : digits.shape[1]] = digits
    weights = np.array([base**k for k in range(chunk_length)], dtype=np.uint64)
    chunks = padded.reshape(-1, num_chunks, chunk_length) @ weights
    return [_join(row, base**chunk_length) for row in chunks.tolist()]


def _chunk_length(base: int) -> int:
    length = 1
    while base ** (length + 1) <= _CHUNK_LIMIT:
        length += 1
    return length


def _split(value: int, num_chunks: int, chunk: int, powers: dict[int, int]) -> list[int]:
    if value < 0:
        raise OperandError(f"an operand is negative ({_shown(value)}); operands start at 0")
    if num_chunks <= _HALVING_STOPS_AT:
        chunks = []
        for _ in range(num_chunks):
            value, rest = divmod(value, chunk)
            chunks.append(rest)
        if value:
            raise OperandError("an operand has more digits than the length allows")
        return chunks
    half = num_chunks // 2
    if half not in powers:
        powers[half] = chunk**half
    high, low = divmod(value, powers[half])
    return _split(low, half, chunk, powers) + _split(high, num_chunks - half, chunk, powers)


def _join(chunks: list[int], chunk: int) -> int:
    while len(chunks) > 1:
        if len(chunks) % 2:
            chunks.append(0)
        chunks = [low + high * chunk for low, high in zip(chunks[::2], chunks[1::2], strict=True)]
        chunk *= chunk
    return chunks[0]


def _shown(value: int) -> str:
    return str(value) if value.bit_length() < 100 else f"of {value.bit_length()} bits"
