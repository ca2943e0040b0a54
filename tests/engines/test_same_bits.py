"""The weights after a short run, bit for bit, whatever the processor and the system."""

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gradients import start

from ripplecarry.engines.native import NativeEngine, is_available
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial

ROOT = Path(__file__).parents[2]
STEPS = 50
CELLS = ("rnn", "gru", "lstm")
HASHES = {
    (2, "rnn"): "155251072c9b3b1df3b06bf66fb6c757e8f3ebce224fd9ee1756cdfa686ce07a",
    (2, "gru"): "9330ac7ce5d96fd343d62a3638c3f128aa099fb400c78640b3923ccd80788a2a",
    (2, "lstm"): "6b763297c840101c72becf165f5a167a7845b0fed464447455ab436671b08da7",
    (3, "rnn"): "bb50cfc35c7dae492d913b505283341ad50401d23f5801aaa501549c32526c01",
    (3, "gru"): "244eb5bedfa2c82df0efaf4ce08cd9d75d849689f0aaa9366d29d2cc31d1959a",
    (3, "lstm"): "fca678afdbfc46f70ac6a1cb2fd974639ef00e61a877ae75eb063e80f0f5f57f",
    (4, "rnn"): "bb50cfc35c7dae492d913b505283341ad50401d23f5801aaa501549c32526c01",
    (4, "gru"): "dc35b0d4634490c200f194d77fb715f8f1bc45da1c352a7c905662b6757e91a4",
    (4, "lstm"): "34be5ed455ad0fd584bcf02f7f5f5300880ca9adc820d878befaf77608b135bd",
}
AARCH64 = 0


def digest(values: np.ndarray) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()


def trained(level: int | None, cell: str) -> tuple[np.ndarray, np.ndarray]:
    """All weights in a row, and the losses."""
    trainer = start(NativeEngine(level), Trial(cell=cell))
    losses = trainer.advance(STEPS)
    return np.concatenate([value.ravel() for value in trainer.weights().values()]), losses


def engine_level(level: int) -> int | None:
    """The engine's argument for a row of the table."""
    if not is_available():
        pytest.skip("the native engine is not built")
    if level == AARCH64:
        if platform.machine() not in ("aarch64", "arm64"):
            pytest.skip("this is no 64-bit Arm processor")
        return None
    try:
        NativeEngine(level)
    except ConfigurationError:
        pytest.skip(f"this processor has no x86-64-v{level}")
    return level


@pytest.mark.parametrize(("level", "cell"), HASHES)
def test_the_weights_are_a_function_of_the_instruction_set(level, cell):
    weights, _ = trained(engine_level(level), cell)

    assert digest(weights) == HASHES[level, cell]


@pytest.fixture(scope="module")
def wasm(tmp_path_factory) -> Path:
    """The kernel as WebAssembly."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the compiler is not installed: pip install -c constraints.txt ziglang")
    if shutil.which("node") is None:
        pytest.skip("there is no Node to run WebAssembly in")
    file = tmp_path_factory.mktemp("wasm") / "kernel.wasm"
    command = [sys.executable, ROOT / "native/build_kernel.py", "--target", "wasm", file]
    cache = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(ROOT / "build/zig")}
    subprocess.run(command, env=cache, check=True)
    return file


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_webassembly_gives_the_very_weights_of_the_oldest_level(wasm, cell):
    trial = Trial(cell=cell)
    task, batches = trial.build_task(), trial.training_batches(0)
    weights = np.concatenate([value.ravel() for value in initial_weights(trial, task, 0).values()])
    training = {
        "shape": [
            CELLS.index(cell),
            trial.layers,
            trial.hidden_size,
            trial.embedding_size,
            task.base,
            task.num_operands,
            task.num_outputs,
        ],
        "weights": weights.tolist(),
        "machine": {
            "num_states": task.machine.num_states,
            "num_symbols": task.machine.num_symbols,
            "next_state": task.machine.next_state.ravel().tolist(),
            "output": task.machine.output.ravel().tolist(),
        },
        "seed": str(batches.seed),
        "stream": int(batches.stream),
        "batch": batches.batch_size,
        "digits": batches.digits,
        "positions": batches.positions,
        "rates": [trial.learning_rate] * STEPS,
    }

    driver = Path(__file__).with_name("train_in_wasm.mjs")
    printed = subprocess.run(
        ["node", driver, wasm], input=json.dumps(training), capture_output=True, text=True, check=True
    ).stdout

    result = json.loads(printed)
    assert result["weights"] == HASHES[2, cell]
    if is_available() and open_engine("native").instruction_set.startswith("x86-64"):
        assert digest(np.array(result["losses"], dtype=np.float32)) == digest(trained(2, cell)[1])
