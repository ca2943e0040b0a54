"""Which tasks can be proved? Seven finite-state machines, each learned by one layer until certified."""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Mostly
from ripplecarry.claims.measures import is_certified
from ripplecarry.claims.study import Study
from ripplecarry.studies.certified import BASE

SETTINGS = ("task", "base", "factor", "modulus")
TASKS = {
    "addition, base 2": ("addition", 2, None, None),
    "addition, base 10": ("addition", 10, None, None),
    "addition, base 16": ("addition", 16, None, None),
    "subtraction": ("subtraction", 10, None, None),
    "comparison": ("comparison", 10, None, None),
    "times seven": ("times", 10, 7, None),
    "counter modulo five": ("counter", 10, None, 5),
}

STUDY = Study(
    name="certified_tasks",
    question=__doc__,
    base=BASE.model_copy(update={"layers": 1, "steps": 1200}),
    grid={SETTINGS: tuple(TASKS.values())},
    labels=tuple(TASKS),
    claims=tuple(
        Claim(
            f"K{number}",
            f"networks that learn {name} are certified",
            Mostly(is_certified(), dict(zip(SETTINGS, values, strict=True))),
        )
        for number, (name, values) in enumerate(TASKS.items(), start=1)
    ),
    seeds=6,
)
