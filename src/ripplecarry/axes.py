"""Axes of arrays in signatures: jaxtyping's types where they are checked, plain arrays elsewhere.

Type checkers check them, and tests do at run time, for which they import jaxtyping first. No command
waits for that import, which takes longer than NumPy's.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Float32, Int, Int64, Integer, UInt8, UInt32
else:

    class Unchecked:
        """Reads `Unchecked[array, "axes"]` as `array`."""

        def __class_getitem__(cls, array_and_axes: tuple[Any, str]) -> Any:
            return array_and_axes[0]

    Bool = Float = Float32 = Int = Int64 = Integer = UInt8 = UInt32 = Unchecked

__all__ = ["Bool", "Float", "Float32", "Int", "Int64", "Integer", "UInt8", "UInt32"]
