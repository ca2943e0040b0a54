"""An adder from a user's Python file, which is executed."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ripplecarry.errors import ConfigurationError


def load_adder(path: Path) -> Callable[[int, int], int]:
    """The adder that a file defines: `build_model()` returns a model, or a model and its metadata,
    and `add(model, a, b)` returns its sum.

    Runs the file's code. The metadata is ignored.

    Raises:
        ConfigurationError: the file is missing, lacks either function, or its code fails.
    """
    if not path.is_file():
        raise ConfigurationError(f"no adder file {path}")
    module = _run(path)
    build, add = (_function(module, path, name) for name in ("build_model", "add"))
    try:
        built = build()
    except (Exception, SystemExit) as error:  # the file's code may raise anything
        raise ConfigurationError(
            f"adder file {path}: build_model(): {type(error).__name__}: {error}"
        ) from None
    model = built[0] if isinstance(built, tuple) and len(built) == 2 else built
    return lambda a, b: add(model, a, b)


def _run(path: Path) -> ModuleType:
    name = f"adder_file_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ConfigurationError(f"adder file {path} is not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look up their module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the file's code may raise anything
        raise ConfigurationError(f"adder file {path}: {type(error).__name__}: {error}") from None
    return module


def _function(module: ModuleType, path: Path, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise ConfigurationError(
            f"adder file {path} defines no function {name}; it needs build_model and add"
        )
    return found
