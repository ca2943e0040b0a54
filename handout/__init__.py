"""The course assignment's package: `data` is its data interface, `pt` the report's PyTorch part."""

from importlib import import_module
from typing import Any

__all__ = ["pt_adv_main", "pt_main"]


def __getattr__(name: str) -> Any:
    """Looked up when used, so that `handout.data` loads with any `pt` beside it, or none."""
    if name in __all__:
        return getattr(import_module("handout.pt"), name)
    raise AttributeError(f"module 'handout' has no attribute {name!r}")
