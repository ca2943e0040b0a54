"""tanh and sigmoid of every engine against the error that certificates assume."""

import functions
import numpy as np
import pytest
from flint import arb

CASES = list(functions.engine_functions())


def samples() -> np.ndarray:
    """All numbers around every power of two, a million by chance, and the ends of the kernel's ranges."""
    near = [functions.floats((exponent << 23) - 500, 1000) for exponent in range(512)]
    bits = np.random.default_rng(0).integers(0, 2**32, 1_000_000, dtype=np.uint32)
    moderate = np.random.default_rng(1).uniform(-20, 20, 500_000).astype(np.float32)
    ends = [
        np.float32(s * v) + np.linspace(-1, 1, 4001, dtype=np.float32) for s in (-1, 1) for v in (8, 87, 88)
    ]
    values = np.concatenate([*near, bits.view(np.float32), moderate, *ends])
    return values[np.isfinite(values)]


@pytest.mark.parametrize(("name", "engine", "function"), CASES, ids=[f"{n}, {e}" for n, e, _ in CASES])
def test_functions_stay_within_the_stated_error(name, engine, function):
    assert functions.share_of_bound(name, function, samples()) <= 1


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_the_reference_is_right_to_its_own_bound(name):
    values = np.random.default_rng(2).choice(samples(), 20_000)
    ball = arb.tanh if name == "tanh" else lambda x: 1 / (1 + (-x).exp())
    for x, found in zip(values.tolist(), functions.EXACT[name](values).tolist(), strict=True):
        exact = ball(arb(x))
        assert abs(arb(found) - exact) <= abs(exact) * functions.REFERENCE_ERROR + arb(2.0**-199)


def test_a_function_that_is_off_is_noticed():
    def off(x):
        return np.tanh(x.astype(np.float64)) * (1 + 1.1e-6)

    def flat(x):
        return np.where(x < -20, 0, functions.exact_sigmoid(x))

    assert functions.share_of_bound("tanh", off, samples()) > 1
    assert functions.share_of_bound("sigmoid", flat, samples()) > 1
