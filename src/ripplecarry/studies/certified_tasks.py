"""Which tasks can be proved? Seven finite-state machines, each learned by one layer until certified."""

from ripplecarry.lab.study import Study
from ripplecarry.studies.certified import BASE

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
    base=BASE.model_copy(update={"layers": 1}),
    grid={("task", "base", "factor", "modulus"): tuple(TASKS.values())},
    labels=tuple(TASKS),
    seeds=5,
)
