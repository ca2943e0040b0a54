"""The engines by name, imported only when asked for."""

from typing import Literal, get_args

from ripplecarry.engines.engine import Engine
from ripplecarry.errors import ConfigurationError

EngineName = Literal["auto", "native", "torch"]
ENGINES = get_args(EngineName)

LOCK_FREE_ENGINES = ("native",)
"""Engines that hold no interpreter lock while they work, so that threads run side by side."""


def open_engine(name: str = "auto") -> Engine:
    """The engine of this name; `auto` is the native one where it is built, else PyTorch's.

    Raises:
        ConfigurationError: an unknown name, or the native engine where it is not built.
    """
    if name not in ENGINES:
        raise ConfigurationError(f"unknown engine {name!r}; choose from {', '.join(ENGINES)}")
    if name != "torch":
        from ripplecarry.engines.native import NativeEngine, is_available

        if is_available():
            return NativeEngine()
        if name == "native":
            raise ConfigurationError(
                "the native engine is not built; with a C++ compiler `pip install ./native` builds it"
            )
    from ripplecarry.engines.reference import ReferenceEngine

    return ReferenceEngine()
