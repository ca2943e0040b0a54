"""A cell from a user's file: one class, whose code runs once a network of it is built."""

import hashlib
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ripplecarry.errors import ConfigurationError
from ripplecarry.files import read_whole
from ripplecarry.networks.cell_shape import CellShape, Sizes
from ripplecarry.user_code import complaint

_MOST_BYTES = 2**16
_NEEDED = ("shapes", "step")
_LARGEST = 2**26
"""Numbers in a parameter: as many as in the widest of the built-in cells'."""


def read_cell_file(path: Path) -> str:
    """The code of a cell's file, which is not run.

    Raises:
        ConfigurationError: it cannot be read, or is not one class with `shapes` and `step`.
    """
    try:
        code = read_whole(path.expanduser(), _MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"cannot read the cell {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"the cell {path} cannot be read: {error}") from None
    class_name(code)
    return code


def class_name(code: str) -> str:
    """The name of the one class that the code defines; the code is not run.

    Raises:
        ConfigurationError: it is no Python, or not one class with `shapes` and `step`.
    """
    import ast

    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConfigurationError(f"the cell's file is not Python: {complaint(error)}") from None
    classes = [each for each in body if isinstance(each, ast.ClassDef)]
    if len(classes) != 1:
        names = ", ".join(each.name for each in classes) or "none"
        raise ConfigurationError(f"a cell's file defines one class; this one defines {names}")
    there = {each.name for each in classes[0].body if isinstance(each, ast.FunctionDef)}
    missing = [name for name in _NEEDED if name not in there]
    if missing:
        raise ConfigurationError(f"the cell {classes[0].name} has no {' and no '.join(missing)}")
    return classes[0].name


class OwnCell:
    """A user's cell: what its methods return is checked, and what they raise is told in one line."""

    def __init__(self, code: str) -> None:
        self.name = class_name(code)
        module = ModuleType(f"ripplecarry_cell_{self.name}")
        self._call("the file", lambda: exec(compile(code, f"{self.name}.py", "exec"), module.__dict__))
        self._cell = self._call("the class", getattr(module, self.name))
        self.shape = CellShape(self._parameters, self._states)

    def step(self, weights: Mapping[str, Any], x: Any, state: tuple[Any, ...]) -> Any:
        """The next state: tensors, from tensors."""
        found = self._call("step", self._cell.step, weights, x, state)
        shapes = [tuple(getattr(each, "shape", ())) for each in found] if isinstance(found, tuple) else None
        expected = [tuple(each.shape) for each in state]
        if shapes != expected:
            what = shapes if shapes is not None else type(found).__name__
            raise self._error(f"step returned {what}; it must be a tuple of tensors of shapes {expected}")
        return found

    def initial_values(self, name: str, values: np.ndarray) -> np.ndarray:
        """What a parameter starts from, given the values that it has by default."""
        if not hasattr(self._cell, "initial_values"):
            return values
        found = self._call(
            "initial_values", lambda: np.asarray(self._cell.initial_values(name, values), dtype=np.float64)
        )
        if found.shape != values.shape or not np.isfinite(found).all():
            raise self._error(
                f"initial_values({name!r}) must be {values.size} finite numbers of shape {values.shape}"
            )
        return found

    def _parameters(self, features: int, hidden: int) -> Mapping[str, Sizes]:
        found = self._call("shapes", self._cell.shapes, features, hidden)
        if not isinstance(found, Mapping) or not found:
            raise self._error(f"shapes returned {type(found).__name__}; it must be shapes by name")
        return {self._parameter_name(name): self._sizes(sizes) for name, sizes in found.items()}

    def _states(self, hidden: int) -> tuple[Sizes, ...]:
        if not hasattr(self._cell, "states"):
            return ((hidden,),)
        found = self._call("states", self._cell.states, hidden)
        states = tuple(map(self._sizes, found)) if isinstance(found, tuple | list) else ()
        if states[:1] != ((hidden,),):
            raise self._error(f"states returned {found!r:.100}; the first must be ({hidden},)")
        return states

    def _parameter_name(self, name: object) -> str:
        if not isinstance(name, str) or not name.isidentifier() or len(name) > 60:
            raise self._error(f"{name!r:.100} is no parameter's name")
        return name

    def _sizes(self, sizes: object) -> Sizes:
        is_shape = isinstance(sizes, tuple | list) and all(type(n) is int and n > 0 for n in sizes)
        if not is_shape or np.prod(sizes, dtype=float) > _LARGEST:  # pyrefly: ignore
            raise self._error(
                f"{sizes!r:.100} is no shape: positive whole numbers, {_LARGEST} in all at most"
            )
        return tuple(sizes)  # pyrefly: ignore

    def _call(self, what: str, function: Callable[..., Any], *given: Any) -> Any:
        try:
            return function(*given)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the file's code may raise anything
            raise self._error(f"{what}: {complaint(error)}") from None

    def _error(self, words: str) -> ConfigurationError:
        return ConfigurationError(f"the cell {self.name}: {words}")


@cache
def load_cell(code: str) -> OwnCell:
    """The cell that this code defines, which runs now; a process that the user started says so."""
    from multiprocessing import parent_process

    if parent_process() is None:
        digest = hashlib.sha256(code.encode()).hexdigest()[:10]
        sys.stderr.write(f"ripplecarry: running the code of the cell {class_name(code)} ({digest})\n")
    return OwnCell(code)
