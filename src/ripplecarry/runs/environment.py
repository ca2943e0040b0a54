"""A run's environment: versions, processor, engine."""

import os
import platform
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ripplecarry.engines.engine import Engine
from ripplecarry.runs.trial import NUMERICS_VERSION

_PACKAGES = ("ripplecarry", "torch", "numpy", "scipy")


def describe_environment(engine: Engine) -> dict[str, object]:
    """What a result could depend on besides configuration and seed."""
    return {
        "numerics_version": NUMERICS_VERSION,
        "engine": engine.name,
        "instruction_set": engine.instruction_set,
        "build": engine.build,
        "packages": {name: _version(name) for name in _PACKAGES},
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": processor_name(),
        "num_cores": os.cpu_count(),
    }


@cache
def processor_name() -> str:
    """The processor's name, as the system reports it."""
    with suppress(OSError):  # not Linux
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


@cache  # reading a package's metadata takes a millisecond, noticeable in short runs
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
