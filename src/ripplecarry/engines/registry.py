"""The engines by name, imported only when asked for."""

from typing import Literal, get_args

from ripplecarry.engines.engine import Engine
from ripplecarry.errors import ConfigurationError

EngineName = Literal["auto", "torch"]
ENGINES = get_args(EngineName)


def open_engine(name: str = "auto") -> Engine:
    """The engine of this name; `auto` is the fastest that works here.

    Raises:
        ConfigurationError: an unknown name.
    """
    if name not in ENGINES:
        raise ConfigurationError(f"unknown engine {name!r}; choose from {', '.join(ENGINES)}")
    from ripplecarry.engines.reference import ReferenceEngine

    return ReferenceEngine()
