"""tanh and sigmoid in float64 with a proven error, beside which the engines' are set.

`python tests/verification/functions.py` sets every finite float32 beside them, in every engine.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from ripplecarry.engines.native import NativeEngine, is_available
from ripplecarry.verification.rounding import ROUNDING

REFERENCE_ERROR = 2.0**-45
"""Relative; see `exponential`."""

Function = Callable[[np.ndarray], np.ndarray]
_LN2_HIGH = float.fromhex(
    "0x1.62e42fee00000p-1"
)  # 32 bits, so that its products with whole numbers are exact
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_DEGREE = 16
_TINY = 2.0**-27


def exponential(x: np.ndarray) -> np.ndarray:
    """e^x of float64 numbers of at most 700, within a relative 2^-48, from + - * and rounding alone.

    x = n ln 2 + r with |r| < 0.35: the product with the first part of ln 2 is exact, so r is off by less
    than 2^-52 and by what ln 2 lacks; the Taylor series to degree 16 leaves 0.35^17 / 17! < 2^-73, and
    Horner's rule in 16 steps less than 2^-49, as every step adds two roundings to a term that the next one
    shrinks to a third.
    """
    n = np.rint(x * 1.4426950408889634)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    return np.ldexp(1 + _series(r), n.astype(np.int32))


def _series(r: np.ndarray) -> np.ndarray:
    """e^r - 1 for |r| < 0.35, within a relative 2^-48: no step subtracts what is nearly equal."""
    total = np.ones_like(r)
    for k in range(_DEGREE, 1, -1):
        total = 1 + total * r / k
    return total * r


def exact_tanh(x: np.ndarray) -> np.ndarray:
    """tanh of float32 numbers within REFERENCE_ERROR; 1 from 20 on, where 1 - tanh < 2^-56.

    x itself below 2^-27, where x - tanh x < x^3 / 3.
    """
    size = np.abs(x.astype(np.float64))
    if (size < _TINY).all():  # most of all floats, so this saves most of the time
        return x.astype(np.float64)
    if (size >= 20).all():
        return np.copysign(1.0, x.astype(np.float64))
    size = np.minimum(size, 20)
    small = _series(np.minimum(2 * size, 0.35))
    # From 0.175 on tanh is over 0.17, so that the difference magnifies errors sixfold at most.
    large = 1 - 2 / (exponential(2 * size) + 1)
    return np.copysign(np.where(2 * size < 0.35, small / (small + 2), large), x)


def exact_sigmoid(x: np.ndarray) -> np.ndarray:
    """The sigmoid of float32 numbers within REFERENCE_ERROR, or 2^-200 where it is below that.

    1/2 + x/4 below 2^-27, which misses it by less than x^3 / 48; 1 from 40 on, 0 up to -200.
    """
    if (np.abs(x) < _TINY).all():
        return 0.5 + x.astype(np.float64) / 4
    if (x >= 40).all() or (x <= -200).all():
        return (x > 0).astype(np.float64)
    return 1 / (1 + exponential(-np.clip(x.astype(np.float64), -200, 200)))


EXACT: dict[str, Function] = {"tanh": exact_tanh, "sigmoid": exact_sigmoid}


def engine_functions() -> Iterator[tuple[str, str, Function]]:
    """Every engine's functions: the kernel's by instruction set; PyTorch's on vectors, and one by one."""
    if is_available():
        newest = NativeEngine().instruction_set
        levels = {"x86-64-v2": [2], "x86-64-v3": [2, 3], "x86-64-v4": [2, 3, 4]}.get(newest, [None])
        for level in levels:
            engine = NativeEngine(level)
            for name in EXACT:
                yield name, engine.instruction_set, lambda x, e=engine, n=name: e.apply(n, x)
    for name in EXACT:
        function = getattr(torch, name)
        yield name, "torch, vectors", lambda x, f=function: f(torch.tensor(x)).numpy()
        yield name, "torch, strides", lambda x, f=function: _strided(f, x)
        yield name, "torch, tails", lambda x, f=function: _tails(f, x)
        yield name, "torch, LSTM", lambda x, n=name: lstm_function(n, x)


def _strided(function: Callable[[torch.Tensor], torch.Tensor], x: np.ndarray) -> np.ndarray:
    """On every third of a tensor, which no vector loads."""
    spaced = torch.zeros(3 * len(x))
    spaced[::3] = torch.tensor(x)
    return function(spaced[::3]).numpy()


def _tails(function: Callable[[torch.Tensor], torch.Tensor], x: np.ndarray) -> np.ndarray:
    """In rows of seven, each a tensor's last elements, fewer than any vector has."""
    rows = torch.nn.functional.pad(torch.tensor(x), (0, -len(x) % 7)).reshape(-1, 7)
    spaced = torch.zeros(len(rows), 9)
    spaced[:, :7] = rows
    return function(spaced[:, :7]).flatten().numpy()[: len(x)]


def lstm_function(name: str, x: np.ndarray) -> np.ndarray:
    """As `nn.LSTM` computes it inside: every other gate is shut or open by its bias.

    Its cell state is sigmoid(entry) tanh(new). An open gate is sigmoid(200) = tanh(200) = 1.
    """
    layer = torch.nn.LSTM(1, 1)
    weight, bias = torch.zeros(4, 1), torch.full((4,), 200.0)
    place = {"sigmoid": 0, "tanh": 2}[name]
    weight[place], bias[place] = 1, 0
    with torch.inference_mode():
        layer.weight_ih_l0.copy_(weight)
        layer.weight_hh_l0.zero_()
        layer.bias_ih_l0.copy_(bias)
        layer.bias_hh_l0.zero_()
        _, (_, cell) = layer(torch.tensor(x).reshape(1, -1, 1))
    return cell.flatten().numpy()


def share_of_bound(name: str, function: Function, x: np.ndarray) -> float:
    """The largest error over the bound that certificates assume: at most 1 where it holds."""
    return shares_of_bound(name, [function], x)[0]


def shares_of_bound(name: str, functions: Sequence[Function], x: np.ndarray) -> list[float]:
    """The same for several engines' functions, beside one reference."""
    right = EXACT[name](x)
    size = np.abs(right)
    unsure = REFERENCE_ERROR * size + 2.0**-200
    bound = ROUNDING.function_relative * size + ROUNDING.function_absolute
    shares = []
    for function in functions:
        found = function(x)
        worst = float(((np.abs(found - right) + unsure) / bound).max())
        shares.append(worst if np.isfinite(found).all() else float("inf"))
    return shares


def floats(first: int, count: int) -> np.ndarray:
    """Finite float32 numbers by their bits, those that are not left out."""
    bits = (np.arange(first, first + count, dtype=np.int64) & 0xFFFFFFFF).astype(np.uint32)
    values = bits.view(np.float32)
    return values[np.isfinite(values)]


def main() -> int:
    """Every finite float32 in every engine; prints the worst share of the bound."""
    torch.set_num_threads(1)
    chunk, is_within = 2**17, True  # an eighth of a processor's cache in float64
    for name in EXACT:
        began = time.monotonic()
        engines = {engine: function for each, engine, function in engine_functions() if each == name}
        worst, count = dict.fromkeys(engines, 0.0), 0
        for first in range(0, 2**32, chunk):
            values = floats(first, chunk)
            if len(values) == 0:
                continue
            count += len(values)
            for engine, share in zip(
                engines, shares_of_bound(name, list(engines.values()), values), strict=True
            ):
                worst[engine] = max(worst[engine], share)
        is_within &= max(worst.values()) <= 1
        print(f"{name}: {count} finite float32 numbers, {time.monotonic() - began:.0f} s", flush=True)
        for engine, share in worst.items():
            print(f"  {engine:16} {share:.3f} of the bound", flush=True)
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main())
