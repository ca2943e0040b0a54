"""An adder from somebody's Python file, which is run as it is."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ripplecarry.errors import ConfigurationError


def load_adder(path: Path) -> Callable[[int, int], int]:
    """The adder that a file defines: `build_model()` gives a model, or a model and what is said of it,
    and `add(model, a, b)` its sum.

    Runs the file's code. What the file says of its model is not read.

    Raises:
        ConfigurationError: no such file, one that lacks either function, or whose code fails.
    """
    if not path.is_file():
        raise ConfigurationError(f"no adder file {path}")
    module = _run(path)
    build, add = (_function(module, path, name) for name in ("build_model", "add"))
    try:
        built = build()
    except (Exception, SystemExit) as error:  # whatever another's code raises
        raise ConfigurationError(
            f"adder file {path}: build_model(): {type(error).__name__}: {error}"
        ) from None
    model = built[0] if isinstance(built, tuple) and len(built) == 2 else built
    return lambda a, b: add(model, a, b)


def _run(path: Path) -> ModuleType:
    name = f"adder_file_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ConfigurationError(f"adder file {path} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever another's code raises
        raise ConfigurationError(f"adder file {path}: {type(error).__name__}: {error}") from None
    return module


def _function(module: ModuleType, path: Path, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise ConfigurationError(
            f"adder file {path} defines no function {name}; it needs build_model and add"
        )
    return found
