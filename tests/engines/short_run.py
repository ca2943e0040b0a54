"""A short run of each cell, what its weights are bit for bit, and all that it needs outside Python."""

import hashlib
import importlib.util
import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial

ROOT = Path(__file__).parents[2]
STEPS = 50
SIZES = {"hidden_size": 40, "embedding_size": 16, "digits": 6, "batch_size": 50}
CELLS = ("rnn", "gru", "lstm")
AARCH64 = 0
"""Which stands for 64-bit Arm among x86-64's levels."""
HASHES = {
    (AARCH64, "rnn"): "38c0a1826f8cc75c3a8a4b43465543bbb4a49fe4c40548bb7e900dfb1093b752",
    (AARCH64, "gru"): "9dc81da27c6f406dac028df6d01bfeaa897bae4c8fc93d83cb1c9625145101f8",
    (AARCH64, "lstm"): "c5216da776c3bdbc5fbf200a46e319e5c1f66ab55075392388ee6146c70d11de",
    (2, "rnn"): "405f36d39b8f8cbaa28a70878efca575920b4ad53413acd8f44abe6a17f34fc8",
    (2, "gru"): "7fce5644c03f41074346971d7b640e9d81ae33102ca439b57467009af56a73c0",
    (2, "lstm"): "24a092eb2daf8f7f4ef3dc2ef8a1be7c88ebab42919247700d5e3e4db91097ee",
    (3, "rnn"): "38c0a1826f8cc75c3a8a4b43465543bbb4a49fe4c40548bb7e900dfb1093b752",
    (3, "gru"): "8f13a4a38182d5ab3d9755707e583121e69f71e662b9c4221086679f867ae7d9",
    (3, "lstm"): "e10ed82fa2892247344a0c4b13892b0ec74a12d957657e3fe267b5a2ca27a9fe",
    (4, "rnn"): "38c0a1826f8cc75c3a8a4b43465543bbb4a49fe4c40548bb7e900dfb1093b752",
    (4, "gru"): "18954f6343cc1c4f699261eeb26aacb114b5d9eeddf88062c724749873f1076d",
    (4, "lstm"): "26e6efbfb03146ae9eb6e8797e4df9a5595d74f9a04d22886d61133c95797b95",
}
"""Of the weights behind the last step, by level and cell."""


def digest(values: np.ndarray | bytes) -> str:
    """The SHA-256 of numbers in a row."""
    return hashlib.sha256(values if isinstance(values, bytes) else values.tobytes()).hexdigest()


def build(*arguments: str | Path) -> None:
    """Runs Zig's compiler, or skips the test where it is not installed."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the compiler is not installed: pip install -c constraints.txt ziglang")
    cache = dict.fromkeys(("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), str(ROOT / "build/zig"))
    subprocess.run([sys.executable, *arguments], env=os.environ | cache, check=True)


def build_kernel(target: str, file: Path) -> None:
    """The library for another system."""
    build(ROOT / "native/build_kernel.py", "--target", target, file)


@dataclass(frozen=True)
class Training:
    """What the kernel is given: the shape, the weights, the task's machine, operands and rates."""

    cell: str

    def json(self) -> str:
        """As the WebAssembly driver reads it."""
        shape, weights, machine, batches, rates = self._parts()
        return json.dumps(
            {
                "shape": shape,
                "weights": weights.tolist(),
                "machine": {
                    "num_states": machine.num_states,
                    "num_symbols": machine.num_symbols,
                    "next_state": machine.next_state.ravel().tolist(),
                    "output": machine.output.ravel().tolist(),
                },
                "seed": str(batches.seed),
                "stream": int(batches.stream),
                "batch": batches.batch_size,
                "digits": batches.digits,
                "positions": batches.positions,
                "rates": rates,
            }
        )

    def binary(self, level: int) -> bytes:
        """As `train_by_library.c` reads it."""
        shape, weights, machine, batches, rates = self._parts()
        sizes = [
            batches.batch_size,
            batches.digits,
            batches.positions,
            machine.num_states,
            machine.num_symbols,
        ]
        numbers = np.array([level, STEPS, *sizes, *shape], dtype=np.int32).tobytes()
        tables = machine.next_state.astype(np.int32).tobytes() + machine.output.tobytes()
        seed = struct.pack("=QQ", batches.seed, int(batches.stream))
        return numbers + weights.tobytes() + tables + np.array(rates).tobytes() + seed

    def _parts(self):
        trial = Trial(cell=self.cell, **SIZES)
        task = trial.build_task()
        sizes = [trial.layers, trial.hidden_size, trial.embedding_size]
        shape = [CELLS.index(self.cell), *sizes, task.base, task.num_operands, task.num_outputs]
        weights = np.concatenate([value.ravel() for value in initial_weights(trial, task, 0).values()])
        return shape, weights, task.machine, trial.training_batches(0), [trial.learning_rate] * STEPS
