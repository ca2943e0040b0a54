"""What a GPU can do at most, measured: float32 multiply-adds and bytes of memory a second."""

# Triton's language is typed for its own compiler.
# pyrefly: ignore-errors

import time
from collections.abc import Callable

import torch
import triton
import triton.language as tl

_WIDTH, _CHAINS, _REPEATS = 1024, 8, 4096
_BYTES = 2**30
_ROUNDS = 5


@triton.jit
def _multiply_and_add(values, repeats, width: tl.constexpr):  # noqa: ANN001, ANN202
    at = tl.program_id(0) * width + tl.arange(0, width)
    a = tl.load(values + at)
    b, c, d = a + 1.0, a + 2.0, a + 3.0
    e, f, g, h = a + 4.0, a + 5.0, a + 6.0, a + 7.0
    for _ in range(repeats):
        a, b, c, d = a * 0.5 + 1.0, b * 0.5 + 1.0, c * 0.5 + 1.0, d * 0.5 + 1.0
        e, f, g, h = e * 0.5 + 1.0, f * 0.5 + 1.0, g * 0.5 + 1.0, h * 0.5 + 1.0
    tl.store(values + at, a + b + c + d + e + f + g + h)


def peak_flops(device: torch.device, programs: int = 4096, repeats: int = _REPEATS) -> float:
    """Multiplications and additions a second in float32 without tensor cores, the best of some tries."""
    values = torch.zeros(programs * _WIDTH, device=device)
    best = _best_s(lambda: _multiply_and_add[(programs,)](values, repeats, width=_WIDTH), device)
    return 2.0 * _CHAINS * repeats * programs * _WIDTH / best


def bandwidth(device: torch.device, size: int = _BYTES) -> float:
    """Bytes read and written a second by a copy, the best of some tries."""
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2.0 * size / _best_s(lambda: target.copy_(source), device)


def wait(device: torch.device) -> None:
    """Until all that was launched is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _best_s(work: Callable[[], object], device: torch.device) -> float:
    work()
    times = []
    for _ in range(_ROUNDS):
        wait(device)
        began = time.perf_counter()
        work()
        wait(device)
        times.append(time.perf_counter() - began)
    return min(times)
