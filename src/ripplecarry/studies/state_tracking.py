"""Which cells track the state of a machine beyond the lengths that they were trained on?

Networks of one layer are trained on sequences of 1 to 40 symbols and tested on up to 10,000. Claims are
those of publications, for cells and tasks of this size: Delétang et al. 2023, "Neural networks and the
Chomsky hierarchy", on regular tasks; Grazzi et al. 2025, "Unlocking state-tracking in linear RNNs through
negative eigenvalues"; Merrill et al. 2024, "The illusion of state in state-space models", and Feng et al.
2024, "Were RNNs all we needed?", on gates that do not see the state. S8, S10 and S11 name their sources as
they were stated before the runs; what proves them is theorems 1 and 2 of Grazzi et al.
"""

from ripplecarry.claims.claim import Claim
from ripplecarry.claims.comparisons import Mostly
from ripplecarry.claims.measures import is_exact_up_to, is_inexact_up_to
from ripplecarry.claims.study import Study
from ripplecarry.runs.trial import Trial

LONGEST, TESTED = 500, 10_000
TASKS = (("parity", None), ("cycle_navigation", None), ("group", "s3"))
CELLS = ("rnn", "gru", "lstm", "mingru", "diagonal", "diagonal_signed")
_NAMES = {"parity": "parity", "cycle_navigation": "cycle navigation", "group": "products in S3"}


def tracking(name: str, source: str, task: str, cell: str, tracks: bool, layers: int) -> Claim:
    """The claim that a cell tracks a task up to the longest sequences of the literature, or does not."""
    verb, found = ("tracks", is_exact_up_to) if tracks else ("does not track", is_inexact_up_to)
    depth = f"of {layers} layers " if layers > 1 else ""
    return Claim(
        name,
        f"{cell} {depth}{verb} {_NAMES[task]} up to {LONGEST} symbols ({source})",
        Mostly(found(LONGEST), {"task": task, "cell": cell, "layers": layers}),
    )


_DELETANG, _GRAZZI, _MERRILL = "Delétang et al. 2023", "Grazzi et al. 2025", "Merrill et al. 2024"
_CLAIMS: tuple[tuple[str, str, str, bool, int], ...] = (
    (_DELETANG, "parity", "rnn", True, 1),
    (_DELETANG, "parity", "lstm", True, 1),
    (_DELETANG, "cycle_navigation", "rnn", True, 1),
    (_DELETANG, "cycle_navigation", "lstm", True, 1),
    (_GRAZZI, "parity", "diagonal", False, 1),
    (_GRAZZI, "parity", "diagonal_signed", True, 1),
    (_GRAZZI, "group", "diagonal_signed", False, 1),
    (_MERRILL, "group", "mingru", False, 1),
    (_MERRILL, "group", "gru", True, 1),
    ("Feng et al. 2024", "parity", "mingru", False, 1),
    (_MERRILL, "parity", "mingru", False, 4),
)

STUDY = Study(
    name="state_tracking",
    question=__doc__,
    base=Trial(
        layers=1,
        hidden_size=32,
        embedding_size=16,
        digits=40,
        lengths="mixed",
        batch_size=100,
        steps=3000,
        learning_rate=0.005,
        exactness_to=TESTED,
    ),
    grid={("task", "group"): TASKS, "cell": CELLS},
    labels=tuple(f"{_NAMES[task]}, {cell}" for task, _ in TASKS for cell in CELLS),
    controls=({"task": "parity", "cell": "mingru", "layers": 4},),
    claims=tuple(tracking(f"S{number}", *each) for number, each in enumerate(_CLAIMS, start=1)),
)
