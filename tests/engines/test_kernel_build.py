"""The kernel inside the package: wheels with and without it, and memory that the system refuses."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ripplecarry.engines.kernel import is_available

ROOT = Path(__file__).parents[2]
NAMES = ("_kernel.so", "_kernel.dylib", "_kernel.dll")

needs_tools = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("hatchling", "ziglang")),
    reason="what builds wheels is not installed: pip install -c constraints.txt hatchling ziglang",
)


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(ROOT / "build/zig")} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


def wheel(folder: Path, **environment: str) -> tuple[Path, str]:
    """A wheel of this tree, and what was said."""
    said = run("-m", "hatchling", "build", "-t", "wheel", "-d", folder, **environment)
    (file,) = folder.glob("*.whl")
    return file, said


def libraries(file: Path) -> list[str]:
    """The kernels inside."""
    return [name for name in zipfile.ZipFile(file).namelist() if name.endswith(NAMES)]


@needs_tools
def test_a_wheel_without_a_compiler_is_for_any_machine_and_says_what_is_missing(tmp_path):
    file, said = wheel(tmp_path, RIPPLECARRY_CXX="no-such-compiler")

    assert file.name.endswith("-py3-none-any.whl")
    assert libraries(file) == []
    (line,) = [line for line in said.splitlines() if "native" in line]
    assert line.endswith(
        "without its native engine, several times slower: no-such-compiler: No such file or directory"
    )


@needs_tools
@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "tag", "name"),
    [
        (None, None, None),
        ("linux-aarch64", "manylinux_2_28_aarch64", "_kernel.so"),
        ("macos-arm64", "macosx_11_0_arm64", "_kernel.dylib"),
    ],
)
def test_a_wheel_holds_the_kernel_of_its_platform(tmp_path, target, tag, name):
    file, _ = wheel(tmp_path, **({"RIPPLECARRY_TARGET": target} if target else {}))

    (library,) = libraries(file)
    if target:
        assert file.name.endswith(f"-py3-none-{tag}.whl")
        assert library == f"ripplecarry/engines/{name}"
    else:
        zipfile.ZipFile(file).extract(library, tmp_path)
        script = "from ripplecarry.engines.native import NativeEngine; print(NativeEngine().build)"
        said = run("-c", script, RIPPLECARRY_NATIVE_LIBRARY=str(tmp_path / library))
        assert said.startswith("zig 0.17.1 (clang ")


LITTLE_MEMORY = """
import resource, sys
import numpy as np
sys.path.insert(0, "tests/engines")
from gradients import start
from ripplecarry.engines.kernel import kernel_library
from ripplecarry.engines.native import NativeEngine
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.trial import Trial

trial = Trial(hidden_size=512, digits=1000, batch_size=5)
trainer, unbroken = start(NativeEngine(), trial), start(NativeEngine(), trial)
long = np.zeros((1, 40_000, 2), dtype=np.uint8)
with open("/proc/self/statm") as pages:
    used = int(pages.read().split()[0]) * resource.getpagesize()
unlimited = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (used + 2**23, unlimited[1]))
for use in (lambda: trainer.advance(1), lambda: trainer.logits(long)):
    try:
        use()
    except ConfigurationError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_AS, unlimited)
print(trainer.step, trainer.advance(1).tolist() == unbroken.advance(1).tolist())
shape = np.array([0, 1, 2**23, 1, 2, 1, 2], dtype=np.int32)  # beyond all memory
print(kernel_library().rc_open(shape, 0))
"""


@pytest.mark.skipif(not is_available(), reason="the native engine is not built")
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")
def test_refused_memory_is_said_in_a_line_and_nothing_is_lost():
    said = run("-c", LITTLE_MEMORY).splitlines()

    assert said == [
        "the system refused the native engine the memory for 1002 positions of 5 sums",
        "the system refused the native engine the memory for 40000 positions of 1 sums",
        "0 True",
        "None",
    ]
