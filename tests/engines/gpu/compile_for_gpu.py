"""Compiles every kernel that one training step and one reading launch, for a GPU that need not be there.

Run as a program, with TRITON_INTERPRET=0: the interpreter lets pass what the compiler refuses. Prints a
line a kernel: its name, the bytes of shared memory and, after ptxas, registers and bytes spilled.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction

TARGET = GPUTarget("cuda", 90, 32)
PTXAS = Path(triton.__file__).parent / "backends/nvidia/bin/ptxas"


class AbsentGpu:
    """As much of a driver as the compiler asks for."""

    def get_current_target(self):
        return TARGET

    def get_current_device(self):
        return 0

    def get_current_stream(self, device=None):
        return 0

    def get_active_torch_device(self):
        return torch.device("cpu")


def only_compile(function, grid):
    """Instead of launching."""

    def launch(*arguments, **settings):
        compiled = JITFunction.run(function, *arguments, grid=grid, warmup=True, **settings)
        print(function.__name__, compiled.metadata.shared, *after_ptxas(compiled.asm["ptx"]), flush=True)

    return launch


def after_ptxas(ptx: str) -> tuple[int, int]:
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(ptx)
        file.flush()
        command = [PTXAS, "-v", "-arch=sm_90a", file.name, "-o", "/dev/null"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    registers = re.search(r"Used (\d+) registers", said)
    spilled = re.search(r"(\d+) bytes spill stores", said)
    assert registers
    assert spilled
    return int(registers[1]), int(spilled[1])


def main(cell: str, hidden_size: int, multiply: str) -> None:
    driver.set_active(AbsentGpu())
    JITFunction.__getitem__ = only_compile
    from gradients import start

    from ripplecarry.engines.gpu import engine
    from ripplecarry.runs.trial import Trial

    engine.is_interpreted = lambda: True  # tensors lie in ordinary memory
    trial = Trial(cell=cell, hidden_size=hidden_size)
    trainer = start(engine.GpuEngine(multiply), trial)
    trainer.advance(1)
    trainer.count_right(trial.training_batches(0), 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
