"""A laboratory for recurrent networks that learn exact integer arithmetic digit by digit.

Names resolve when first used, so that importing this package loads nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ripplecarry.api import (
        StudyResult,
        add,
        certify,
        compare,
        evaluate,
        export,
        page,
        study,
        train,
    )
    from ripplecarry.lab.certifying import Unknown
    from ripplecarry.lab.claims import Claim
    from ripplecarry.lab.comparisons import (
        AboutEqual,
        AllOf,
        Falls,
        Grows,
        Less,
        LessAtBest,
        Mostly,
        Within,
        fastest,
        slowest,
    )
    from ripplecarry.lab.measures import Measure, Property, area, last, reading
    from ripplecarry.lab.run import Run
    from ripplecarry.lab.store import Store
    from ripplecarry.lab.study import Study
    from ripplecarry.lab.trial import Trial
    from ripplecarry.verification.certificate import Certificate
    from ripplecarry.verification.counterexample import Counterexample

_NAMES = {
    "ripplecarry.api": (
        "StudyResult",
        "add",
        "certify",
        "compare",
        "evaluate",
        "export",
        "page",
        "study",
        "train",
    ),
    "ripplecarry.lab.claims": ("Claim",),
    "ripplecarry.lab.comparisons": (
        "AboutEqual",
        "AllOf",
        "Falls",
        "Grows",
        "Less",
        "LessAtBest",
        "Mostly",
        "Within",
        "fastest",
        "slowest",
    ),
    "ripplecarry.lab.measures": ("Measure", "Property", "area", "last", "reading"),
    "ripplecarry.lab.run": ("Run",),
    "ripplecarry.lab.store": ("Store",),
    "ripplecarry.lab.study": ("Study",),
    "ripplecarry.lab.certifying": ("Unknown",),
    "ripplecarry.lab.trial": ("Trial",),
    "ripplecarry.verification.certificate": ("Certificate",),
    "ripplecarry.verification.counterexample": ("Counterexample",),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_HOME)  # pyrefly: ignore[unsupported-dunder-all]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ripplecarry' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
