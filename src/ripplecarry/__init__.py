"""A laboratory for recurrent networks that learn exact integer arithmetic digit by digit.

Names resolve when first used, so that importing this package loads nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ripplecarry.arithmetic.counterexample import Counterexample
    from ripplecarry.claims.claim import Claim
    from ripplecarry.claims.comparisons import (
        AboutEqual,
        AllOf,
        Falls,
        Grows,
        Less,
        LessAtBest,
        Mostly,
        MostOf,
        Within,
        fastest,
        slowest,
    )
    from ripplecarry.claims.measures import Measure, Property, area, last, reading
    from ripplecarry.claims.study import Study
    from ripplecarry.runs.run import Run
    from ripplecarry.runs.store import Store
    from ripplecarry.runs.trial import Trial
    from ripplecarry.sweeps.certifying import Unknown
    from ripplecarry.verbs.add import add
    from ripplecarry.verbs.certify import certify
    from ripplecarry.verbs.check import check
    from ripplecarry.verbs.compare import compare
    from ripplecarry.verbs.evaluate import evaluate
    from ripplecarry.verbs.export import export
    from ripplecarry.verbs.extract import extract
    from ripplecarry.verbs.import_run import import_run
    from ripplecarry.verbs.merge import merge
    from ripplecarry.verbs.page import page
    from ripplecarry.verbs.playground import playground
    from ripplecarry.verbs.runs import list_runs
    from ripplecarry.verbs.study import StudyResult, study
    from ripplecarry.verbs.train import train
    from ripplecarry.verification.certificate import Certificate

_VERBS = (
    "add",
    "certify",
    "check",
    "compare",
    "evaluate",
    "export",
    "extract",
    "import_run",
    "merge",
    "page",
    "playground",
    "study",
    "train",
)
_NAMES = {
    **{f"verbs.{verb}": verb for verb in _VERBS},
    "verbs.runs": "list_runs",
    "verbs.study": "StudyResult study",
    "arithmetic.counterexample": "Counterexample",
    "claims.claim": "Claim",
    "claims.comparisons": (
        "AboutEqual AllOf Falls Grows Less LessAtBest MostOf Mostly Within fastest slowest"
    ),
    "claims.measures": "Measure Property area last reading",
    "claims.study": "Study",
    "runs.run": "Run",
    "runs.store": "Store",
    "runs.trial": "Trial",
    "sweeps.certifying": "Unknown",
    "verification.certificate": "Certificate",
}
_HOME = {name: f"ripplecarry.{module}" for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # pyrefly: ignore[unsupported-dunder-all]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ripplecarry' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
