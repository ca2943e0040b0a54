"""The course's data interface, which solutions of the assignment import."""

from collections.abc import Iterable
from operator import index
from typing import Any

import numpy as np

from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.values import shown

_INT64_MAX = np.iinfo(np.int64).max


def gen_data_batch(batch_size: int, start: float, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of random integers from `start` to `end`, both inclusive, and their sums.

    Draws from NumPy's global generator, so `np.random.seed` fixes them.

    Returns:
        Three arrays, of int64 where every sum fits and of Python integers (dtype object) beyond.
    Raises:
        ValueError: bounds that are no integers, negative or in the wrong order.
    """
    low, high = _integer(start, "start"), _integer(end, "end")
    if not 0 <= low <= high:
        raise ValueError("start must be at least 0 and at most end")
    if 2 * high <= _INT64_MAX:
        first, second = (np.random.randint(low, high + 1, batch_size) for _ in range(2))
    else:
        first, second = (
            np.array([low + _random_below(high - low + 1) for _ in range(batch_size)], dtype=object)
            for _ in range(2)
        )
    return first, second, first + second


def convertNum2Digits(Num: int | str) -> list[int]:
    """The decimal digits of an integer, or of its text, most significant first: 1334 gives [1, 3, 3, 4]."""
    if isinstance(Num, str):
        return [int(each) for each in Num]
    value = index(Num)
    # log10(2) = 0.30103: never fewer digits than there are.
    digits = to_digits(value, 10, value.bit_length() * 30103 // 100000 + 1)[::-1].tolist()
    first = next((place for place, digit in enumerate(digits) if digit), len(digits) - 1)
    return digits[first:]


def convertDigits2Num(Digits: Iterable[int | str]) -> int:
    """The integer whose decimal digits these are, most significant first.

    What a network with more than ten outputs calls a digit may have two: [1, 10] gives 110.

    Raises:
        ValueError: no digits, or some that are negative or no whole numbers.
    """
    digits = np.array(list(Digits))
    if digits.dtype.kind not in "iu" or (digits < 0).any() or (digits > 9).any():
        text = "".join(map(str, digits.tolist()))
        if not text.isdecimal():
            raise ValueError(f"digits are {shown(digits.tolist())}; give whole numbers from 0, one or more")
        digits = np.array([int(each) for each in text])
    return from_digits(digits[::-1], 10)


def reverseDigits(Digits: Iterable[Any]) -> list[Any]:
    """The digits in the other order."""
    return list(Digits)[::-1]


def pad2len(lst: list[int], length: int, pad: int = 0) -> list[int]:
    """The list itself, lengthened with `pad` to `length`.

    Raises:
        RuntimeError: the list is longer than `length`.
    """
    if len(lst) > length:
        raise RuntimeError(f"a list of {len(lst)} does not fit length {length}")
    lst += [pad] * (length - len(lst))
    return lst


def results_converter(res_lst: Iterable[Iterable[Any]]) -> list[int]:
    """The integers that predicted digit lists stand for, least significant digit first."""
    return [convertDigits2Num(reverseDigits(digits)) for digits in res_lst]


def prepare_batch(
    Nums1: Iterable[int | str],
    Nums2: Iterable[int | str],
    results: Iterable[int | str],
    maxlen: int,
) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """Operands and results as digit lists, least significant first, zero-padded to `maxlen`.

    Raises:
        RuntimeError: a number has more than `maxlen` digits.
    """
    first, second, sums = (_padded_digits(numbers, maxlen) for numbers in (Nums1, Nums2, results))
    return first, second, sums


def _padded_digits(numbers: Iterable[int | str], length: int) -> list[list[int]]:
    given = list(numbers)
    if any(isinstance(number, str) for number in given):
        return [pad2len(reverseDigits(convertNum2Digits(number)), length) for number in given]
    values = [index(number) for number in given]  # type: ignore[arg-type]
    if max(values, default=0) >= 10**length:
        raise RuntimeError(f"a number has more than {length} digits")
    return to_digits(values, 10, length).tolist()


def _integer(bound: float, name: str) -> int:
    if isinstance(bound, float) and bound.is_integer():
        return int(bound)
    try:
        return index(bound)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{name} is {bound!r}; it must be an integer") from None


def _random_below(limit: int) -> int:
    """Uniform over 0 to `limit` - 1: random bits until they fall below."""
    bits = limit.bit_length()
    while True:
        drawn = int.from_bytes(np.random.bytes((bits + 7) // 8), "little") >> (-bits % 8)
        if drawn < limit:
            return drawn
