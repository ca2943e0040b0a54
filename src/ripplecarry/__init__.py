"""A laboratory for recurrent networks that learn exact integer arithmetic digit by digit.

Names resolve when first used, so that importing this package loads nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ripplecarry.api import StudyResult, study, train
    from ripplecarry.lab.run import Run
    from ripplecarry.lab.store import Store
    from ripplecarry.lab.study import Study
    from ripplecarry.lab.trial import Trial

_HOME = {
    "train": "ripplecarry.api",
    "study": "ripplecarry.api",
    "StudyResult": "ripplecarry.api",
    "Run": "ripplecarry.lab.run",
    "Store": "ripplecarry.lab.store",
    "Study": "ripplecarry.lab.study",
    "Trial": "ripplecarry.lab.trial",
}

__all__ = ["Run", "Store", "Study", "StudyResult", "Trial", "study", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ripplecarry' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
