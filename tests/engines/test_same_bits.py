"""The weights after a short run, bit for bit, whatever the processor and the system."""

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from gradients import start
from short_run import AARCH64, CELLS, HASHES, SIZES, STEPS, Training, build, build_kernel, digest

from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.native import NativeEngine
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.trial import Trial

HERE = Path(__file__).parent
X86 = [key for key in HASHES if key[0] != AARCH64]


def engine(level: int) -> NativeEngine:
    """The native engine with a level's instructions."""
    if not is_available():
        pytest.skip("the native engine is not built")
    if (level == AARCH64) != (platform.machine() in ("aarch64", "arm64")):
        pytest.skip("the hash is another processor's")
    try:
        return NativeEngine(level or None)
    except ConfigurationError:
        pytest.skip(f"this processor has no x86-64-v{level}")


def trained(level: int, cell: str) -> tuple[np.ndarray, np.ndarray]:
    """All weights in a row, and the losses."""
    trainer = start(engine(level), Trial(cell=cell, **SIZES))
    losses = trainer.advance(STEPS)
    return np.concatenate([value.ravel() for value in trainer.weights().values()]), losses


@pytest.mark.parametrize(("level", "cell"), HASHES)
def test_the_weights_are_a_function_of_the_instruction_set(level, cell):
    weights, _ = trained(level, cell)

    assert digest(weights) == HASHES[level, cell]


@pytest.fixture(scope="module")
def wasm(tmp_path_factory) -> Path:
    """The kernel as WebAssembly."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node to run WebAssembly in")
    file = tmp_path_factory.mktemp("wasm") / "kernel.wasm"
    build_kernel("wasm", file)
    return file


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_webassembly_gives_the_very_weights_of_the_oldest_level(wasm, cell):
    command = ["node", HERE / "train_in_wasm.mjs", wasm]
    done = subprocess.run(command, input=Training(cell).json(), capture_output=True, text=True, check=True)

    result = json.loads(done.stdout)
    assert result["weights"] == HASHES[2, cell]
    assert digest(np.array(result["losses"], dtype=np.float32)) == digest(trained(2, cell)[1])


def by_library(folder: Path, library: Path, program: Path, runner: list[str], level: int, cell: str) -> str:
    """The hash of the weights that a program trained with a library of another system."""
    (folder / "training").write_bytes(Training(cell).binary(level))
    environment = os.environ | {"WINEPREFIX": str(folder.parent / "wine"), "WINEDEBUG": "-all"}
    command = [*runner, program, library, "training", "weights"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 4:
        pytest.skip(f"this processor has no x86-64-v{level}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("zig 0.17.1 ")
    return digest((folder / "weights").read_bytes())


@pytest.fixture(scope="module")
def windows(tmp_path_factory) -> tuple[Path, Path]:
    """The library and the program that loads it."""
    if shutil.which("wine") is None:
        pytest.skip("there is no Wine to run Windows' library in")
    folder = tmp_path_factory.mktemp("windows")
    build_kernel("windows-x86_64", folder / "kernel.dll")
    source, program = HERE / "train_by_library.c", folder / "train.exe"
    build("-m", "ziglang", "cc", "-target", "x86_64-windows-gnu", "-O3", source, "-o", program)
    return folder / "kernel.dll", program


@pytest.mark.slow
@pytest.mark.parametrize(("level", "cell"), X86)
def test_windows_gives_the_same_weights(windows, tmp_path, level, cell):
    assert by_library(tmp_path, *windows, ["wine"], level, cell) == HASHES[level, cell]


ARM_LIBRARIES = Path("/usr/aarch64-linux-gnu")


@pytest.fixture(scope="module")
def arm(tmp_path_factory) -> tuple[Path, Path]:
    """The library and the program that loads it."""
    if shutil.which("qemu-aarch64") is None or not ARM_LIBRARIES.exists():
        pytest.skip("there is no QEMU with a C library for 64-bit Arm: qemu-user, libc6-arm64-cross")
    folder = tmp_path_factory.mktemp("arm")
    build_kernel("linux-aarch64", folder / "kernel.so")
    source, program = HERE / "train_by_library.c", folder / "train"
    build("-m", "ziglang", "cc", "-target", "aarch64-linux-gnu.2.28", "-O3", source, "-o", program, "-ldl")
    return folder / "kernel.so", program


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_a_64_bit_arm_processor_gives_its_own_weights(arm, tmp_path, cell):
    runner = ["qemu-aarch64", "-L", str(ARM_LIBRARIES)]

    assert by_library(tmp_path, *arm, runner, AARCH64, cell) == HASHES[AARCH64, cell]
