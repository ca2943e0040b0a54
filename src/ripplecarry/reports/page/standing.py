"""What is known about a run's answers: a proof, a wrong answer, or the tests."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Computation
from ripplecarry.engines.reference import one_thread
from ripplecarry.errors import CertificateRefused, StoreError
from ripplecarry.evaluation.exact_match import share_interval
from ripplecarry.evaluation.explanation import HardCount, explain
from ripplecarry.evaluation.grid import cells_of
from ripplecarry.evaluation.simplification import first_wrong
from ripplecarry.files import read_whole
from ripplecarry.reports.page.examples import Example
from ripplecarry.runs.counterexamples import shortest_known
from ripplecarry.runs.proofs import check_certificate
from ripplecarry.runs.readings import (
    HARD,
    NUM_PAIRS,
    REPORT_DIGITS,
    hard_test_set,
    reader,
)
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.verification.counterexample import find_counterexample
from ripplecarry.verification.forgetting import Forgetting
from ripplecarry.verification.proof import Proof

Say = Callable[[str], None]


@dataclass(frozen=True, repr=False)
class Standing:
    """A proof with its certificate, or a wrong answer, or neither; and the tests in any case."""

    proof: Proof | None
    certificate: Mapping[str, Any] | None
    counterexample: Counterexample | None
    refusal: str | None
    """Why the store's certificate is refused, if it is."""
    tests: Sequence[Mapping[str, Any]] = field(default_factory=list)
    explanation: str = ""
    """Where it goes wrong, from the store's evaluation; empty where there is none."""
    forgetting: Forgetting | None = None
    """How strongly it forgets, where the store has an estimate."""

    @property
    def words(self) -> str:
        """What is known of the run's answers, in short."""
        if self.proof is not None:
            return "proved right at every length"
        known = self.counterexample
        return (
            "no wrong answer was found, and there is no proof"
            if known is None
            else f"a wrong answer is known: {known}"
        )

    def __repr__(self) -> str:
        return f"<Standing: {self.words}>"

    def as_dict(self) -> dict[str, Any]:
        """For the page."""
        content: dict[str, Any] = {
            "refusal": self.refusal,
            "tests": list(self.tests),
            "explanation": self.explanation,
            "forgetting": self.forgetting and list(self.forgetting.ratios),
            "kind": "tested",
        }
        if self.proof is not None:
            words = {"statement": self.proof.statement, "margin": self.proof.margin}
            return content | words | {"kind": "proved"}
        if self.counterexample is not None:
            told = self.counterexample.as_dict() | {"equation": self.counterexample.equation}
            return content | told | {"kind": "counterexample"}
        return content


def standing_of(
    run: Run, store: Store, network: Computation, known_wrong: Sequence[Example], say: Say
) -> Standing:
    """The verdict on a run: its certificate is checked; without one, a wrong answer is searched for.

    Args:
        known_wrong: operands that the network is known to answer wrongly.
    Raises:
        CertificateError: the store's certificate is cut short or malformed.
        StoreError: the store's evaluation of the run is.
    """
    tests, explanation = _evaluation(run, store) or (_readings(run, network), "")
    forgetting = store.forgetting(run)
    path, refusal = store.certificate_path(run.id), None
    if path.is_file():
        say("checking the certificate")
        try:
            proof, content = check_certificate(run, path)
            return Standing(proof, content, None, None, tests, explanation, forgetting)
        except CertificateRefused as refused:
            refusal = str(refused)
            say(f"the certificate is refused: {refusal}")
    found = None
    for example in known_wrong[:1]:
        padded = np.pad(example.operands, ((0, run.task.extra_positions), (0, 0)))
        found = first_wrong(network, run.task, padded[None])
    known = shortest_known(run, store, network, found)
    if known is None:
        say("looking for a wrong answer")
        with one_thread():
            found = find_counterexample(network, run.trial.cell, run.task)
        known = shortest_known(run, store, network, found)
    return Standing(None, None, known, refusal, tests, explanation, forgetting)


def _evaluation(run: Run, store: Store) -> tuple[list[dict[str, Any]], str] | None:
    """The tests that `ripplecarry evaluate` made of this run, if it has, and what they say."""
    path = store.root / "evaluations" / run.id / "evaluation.json"
    if not path.is_file():
        return None
    try:
        found = json.loads(read_whole(path))
        hard = [HardCount(**each) for each in found.get("hard_cases", [])]
        return _grid_tests(found["grid"]), explain(cells_of(found["grid"]), hard, run.task.digit_word)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(f"{path} is damaged, or is not an evaluation: {error!r}; delete it") from None


def _grid_tests(grid: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each length, the cell in which most answers may be wrong."""
    worst: dict[int, Mapping[str, Any]] = {}
    for cell in grid:
        length = cell["length"]
        if length not in worst or cell["low"] < worst[length]["low"]:
            worst[length] = cell
    return [
        {"what": f"{cell['kind']} run", "digits": length, "run": cell["run"], "exact": cell["num_exact"],
         "pairs": cell["num_pairs"], "low": cell["low"], "high": cell["high"],
         "isAll": bool(cell["is_exhaustive"])}
        for length, cell in sorted(worst.items())
    ]  # fmt: skip


def _readings(run: Run, network: Computation) -> list[dict[str, Any]]:
    """Exact match of the trained network, by the readings made during training, with intervals."""
    trial = run.trial
    source = trial.batches(run.seed, Stream.EVALUATION, NUM_PAIRS)
    last = reader(source, trial)(network, run.state["steps_done"])
    hard = hard_test_set(source)
    sources = {
        "exact_match": ("training length", trial.digits, NUM_PAIRS),
        f"exact_match_at_{REPORT_DIGITS}": ("other length", REPORT_DIGITS, NUM_PAIRS),
        f"exact_match_at_{trial.read_at}": ("other length", trial.read_at, NUM_PAIRS),
        HARD: ("hard cases", trial.digits, len(hard.operands)),
    }
    tests = []
    for metric, (what, digits, pairs) in sources.items():
        if metric in last and not (what == "other length" and digits == trial.digits):
            exact = round(last[metric] * pairs)
            low, high = share_interval(exact, pairs)
            tests.append(
                {"what": what, "digits": digits, "exact": exact, "pairs": pairs, "low": low, "high": high}
            )
    return tests
