"""The kernels compile for a GPU of the H100's kind, and fit on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")

MOST_SHARED = 227 * 1024
"""Bytes a block may have (NVIDIA, CUDA C++ Programming Guide, compute capability 9.0)."""
MOST_SPILLED = 1000
"""Bytes a thread; the worst kernel at these sizes has about half of it."""

KERNELS = {
    "draw", "tabulate", "forward_layer", "readout", "judge", "backward_layer", "update_squares",
    "update_readout", "gather_entries", "update_inputs",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "hidden", "multiply"),
    [
        pytest.param("rnn", 64, "ieee", marks=pytest.mark.stress),
        ("gru", 16, "tf32x3"),
        pytest.param("gru", 32, "tf32x3", marks=pytest.mark.stress),
        pytest.param("lstm", 32, "ieee", marks=pytest.mark.stress),
    ],
)
def test_every_kernel_compiles_and_fits(cell, hidden, multiply, tmp_path):
    program = Path(__file__).parent / "compile_for_gpu.py"
    paths = [str(program.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "TRITON_INTERPRET": "0",
        "TRITON_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(paths),
    }
    command = [sys.executable, program, cell, str(hidden), multiply]

    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    lines = [line.split() for line in printed.splitlines()]
    assert {name for name, *_ in lines} == KERNELS
    for name, shared, _, spilled in lines:
        assert int(shared) <= MOST_SHARED, name
        assert int(spilled) <= MOST_SPILLED, name
