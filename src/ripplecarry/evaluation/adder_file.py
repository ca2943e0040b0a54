"""An adder from a user's Python file, which is executed."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ripplecarry.errors import ConfigurationError
from ripplecarry.user_code import TimeLimit, TimeUp, complaint, neighbours_of, run_file


def load_adder(path: Path, limit: TimeLimit) -> Callable[[int, int], int]:
    """The adder that a file defines: `build_model()` returns a model, or a model and its metadata,
    and `add(model, a, b)` returns its sum.

    Runs the file's code. The metadata is ignored.

    Raises:
        ConfigurationError: the file is missing, lacks either function, or its code fails or takes too long.
    """
    if not path.is_file():
        raise ConfigurationError(f"no adder file {path}")
    module = _run(path, limit, "", lambda: run_file(path, f"adder_file_{path.stem}"))
    build, add = (_function(module, path, name) for name in ("build_model", "add"))
    built = _run(path, limit, "build_model(): ", build)
    model = built[0] if isinstance(built, tuple) and len(built) == 2 else built

    def with_neighbours(a: int, b: int) -> int:
        with neighbours_of(path):
            return add(model, a, b)

    return with_neighbours


def _run(path: Path, limit: TimeLimit, what: str, code: Callable[[], Any]) -> Any:
    with limit.running():
        try:
            with neighbours_of(path):
                return code()
        except (KeyboardInterrupt, TimeUp, ConfigurationError):
            raise
        except BaseException as error:  # the file's code may raise anything
            raise ConfigurationError(f"adder file {path}: {what}{complaint(error)}") from None


def _function(module: ModuleType, path: Path, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise ConfigurationError(
            f"adder file {path} defines no function {name}; it needs build_model and add"
        )
    return found
