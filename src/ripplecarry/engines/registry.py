"""The engines by name, imported only when opened."""

import os
from collections.abc import Collection
from typing import Literal, get_args

from ripplecarry.engines.engine import Engine
from ripplecarry.errors import ConfigurationError

EngineName = Literal["auto", "native", "torch", "gpu", "gpu_tf32x3", "gpu_tf32"]
ENGINES = get_args(EngineName)

GPU_ENGINES = ("gpu", "gpu_tf32x3", "gpu_tf32")
"""They train runs of one shape together; the last two multiply in TF32, three times or once per product."""

LOCK_FREE_ENGINES = ("native", *GPU_ENGINES)
"""Engines whose runs share a process: they release the interpreter lock, or train together."""

_TOGETHER_ON_GPU = 512
"""Each run holds a file open; by default systems allow a process 1024."""


def runs_at_once(engines: Collection[str]) -> int:
    """How many runs a machine executes side by side by default."""
    return _TOGETHER_ON_GPU if set(engines) <= set(GPU_ENGINES) else os.cpu_count() or 1


def open_engine(name: str = "auto") -> Engine:
    """The engine of this name; `auto` is native if it is built, otherwise PyTorch.

    Raises:
        ConfigurationError: an unknown name, or an engine that cannot run here.
    """
    if name not in ENGINES:
        raise ConfigurationError(f"unknown engine {name!r}; choose from {', '.join(ENGINES)}")
    if name in GPU_ENGINES:
        return _open_gpu_engine(name)
    if name != "torch":
        from ripplecarry.engines.kernel import is_available
        from ripplecarry.engines.native import NativeEngine

        if is_available():
            return NativeEngine()
        if name == "native":
            raise ConfigurationError(
                "the native engine is not built; `pip install -v .` in the project's folder says why"
            )
    from ripplecarry.engines.reference import ReferenceEngine

    return ReferenceEngine()


def _open_gpu_engine(name: str) -> Engine:
    try:
        from ripplecarry.engines.gpu.engine import GpuEngine
    except ImportError as error:
        raise ConfigurationError(
            f"the engine {name} needs {error.name}; pip install 'ripplecarry[gpu]' brings it"
        ) from None
    return GpuEngine("ieee" if name == "gpu" else "tf32x3" if name == "gpu_tf32x3" else "tf32")
