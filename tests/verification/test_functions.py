"""tanh and sigmoid of every engine against the error that certificates assume."""

import json
import os
import subprocess
import sys
from functools import cache

import exact_functions
import functions
import numpy as np
import pytest
import torch
from flint import arb

from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.native import NativeEngine
from ripplecarry.networks.onednn import LARGEST_ERROR
from ripplecarry.verification.rounding import ROUNDING

CASES = [*functions.native_cases(), *functions.torch_cases()]
_IN_ANOTHER_PROCESS = """
import json
from functools import partial
from functions import UNITS, Comparison, inside_cell, samples, torch_cases
from ripplecarry.networks.onednn import is_lstm_accurate
from torch import nn

x = samples(50_000)
beside = {name: Comparison(name, x) for name in ("tanh", "sigmoid", "silu")}
shares = {
    f"{name}, {engine}, flushed: {flushed}": beside[name].share_of_bound(function, are_flushed=flushed)
    for name, engine, function in torch_cases()
    for flushed in (False, True)
}
shares_of_lstm = [
    beside[name].share_of_bound(partial(inside_cell, "lstm", name, stack=nn.LSTM(UNITS, UNITS)))
    for name in ("tanh", "sigmoid")
]
print(json.dumps([shares, is_lstm_accurate(), max(shares_of_lstm)]))
"""


@cache
def comparison(name: str) -> functions.Comparison:
    return functions.Comparison(name, functions.samples(500_000))


@pytest.mark.parametrize("are_flushed", [False, True], ids=["kept", "flushed"])
@pytest.mark.parametrize("case", CASES, ids=[f"{case.name}, {case.engine}" for case in CASES])
def test_functions_stay_within_the_stated_error(case, are_flushed):
    share = comparison(case.name).share_of_bound(case.function, are_flushed=are_flushed)

    assert share <= 1


@pytest.mark.parametrize(
    "limits",
    [
        {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
        {"ONEDNN_MAX_CPU_ISA": "AVX"},
        {"DNNL_MAX_CPU_ISA": "AVX"},
        {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    ],
    ids=lambda limits: ", ".join("=".join(limit) for limit in limits.items()),
)
def test_functions_stay_within_the_error_on_older_instruction_sets(limits):
    has_avx2 = torch.backends.cpu.get_cpu_capability().startswith("AVX")
    if limits.get("ATEN_CPU_CAPABILITY") == "avx2" and not has_avx2:
        pytest.skip("this processor has no AVX2")
    environment = os.environ | limits | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "error", "-c", _IN_ANOTHER_PROCESS]

    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout

    shares, is_lstm_accurate, share_of_lstm = json.loads(printed)
    assert max(shares.values()) <= 1, shares
    assert is_lstm_accurate == (share_of_lstm <= 1)


def test_the_choice_of_an_lstm_rests_on_the_error_that_certificates_assume():
    assert ROUNDING.function_relative == LARGEST_ERROR


@pytest.mark.parametrize("name", exact_functions.EXACT)
def test_the_reference_is_right_to_its_own_bound(name):
    values = np.random.default_rng(2).choice(functions.samples(500_000), 20_000)
    sigmoid = {"sigmoid": lambda x: 1 / (1 + (-x).exp()), "silu": lambda x: x / (1 + (-x).exp())}
    ball = sigmoid.get(name, arb.tanh)
    for x, found in zip(values.tolist(), exact_functions.EXACT[name](values).tolist(), strict=True):
        exact = ball(arb(x))
        assert abs(arb(found) - exact) <= abs(exact) * exact_functions.REFERENCE_ERROR + 2.0**-199 * max(
            1, abs(x)
        )


def test_a_function_that_is_off_is_noticed():
    def off(x):
        return np.tanh(x.astype(np.float64)) * (1 + 1.1e-6)

    def flat(x):
        return np.where(x < -20, 0, exact_functions.exact_sigmoid(x))

    def flushed_inside(x):
        return (x * np.float32(2**-8)) * np.float32(2**8) * (np.tanh(x) / np.where(x == 0, 1, x))

    assert comparison("tanh").share_of_bound(off) > 1
    assert comparison("sigmoid").share_of_bound(flat) > 1
    assert comparison("silu").share_of_bound(lambda x: x * flat(x)) > 1
    assert comparison("tanh").share_of_bound(flushed_inside) < 1
    assert comparison("tanh").share_of_bound(flushed_inside, are_flushed=True) > 1


@pytest.mark.skipif(not is_available(), reason="the native engine is not built")
def test_flushing_reaches_the_kernel_and_ends():
    tiny = np.full(100, 2.0**-130, dtype=np.float32)

    with functions.subnormals(are_flushed=True):
        assert not NativeEngine().apply("tanh", tiny).any()

    assert NativeEngine().apply("tanh", tiny).all()
