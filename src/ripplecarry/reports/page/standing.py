"""What is known about a run's answers: a proof, a wrong answer, or the tests."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import UInt8

from ripplecarry.arithmetic.batches import EXTRA_POSITIONS
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Computation
from ripplecarry.engines.reference import one_thread
from ripplecarry.errors import CertificateRefused, StoreError
from ripplecarry.evaluation.exact_match import share_interval
from ripplecarry.evaluation.failures import Failure, first_failure, simplify
from ripplecarry.reports.page.examples import Example, operand_texts
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
from ripplecarry.verification.proof import Proof

Say = Callable[[str], None]


@dataclass(frozen=True)
class Standing:
    """A proof with its certificate, or a wrong answer, or neither; and the tests in any case."""

    proof: Proof | None
    certificate: Mapping[str, Any] | None
    failure: Failure | None
    refusal: str | None
    """Why the store's certificate is refused, if it is."""
    tests: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For the page."""
        content: dict[str, Any] = {"refusal": self.refusal, "tests": list(self.tests), "kind": "tested"}
        if self.proof is not None:
            words = {"statement": self.proof.statement, "margin": self.proof.margin}
            return content | words | {"kind": "proved"}
        if self.failure is not None:
            length = self.failure.size
            return content | {
                "kind": "counterexample",
                "operands": operand_texts(self.failure.operands[:length]),
                "first_wrong_position": self.failure.first_wrong_position,
                "given": int(self.failure.answer[self.failure.first_wrong_position]),
                "right": int(self.failure.right[self.failure.first_wrong_position]),
            }
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
    evaluation = _evaluation(run, store)
    tests, candidates = evaluation or (_readings(run, network), [])
    candidates += [example.operands for example in known_wrong]
    path, refusal = store.certificate_path(run.id), None
    if path.is_file():
        say("checking the certificate")
        try:
            proof, content = check_certificate(run, path)
            return Standing(proof, content, None, None, tests)
        except CertificateRefused as refused:
            refusal = str(refused)
            say(f"the certificate is refused: {refusal}")
    failure = _failure(run, network, candidates, say)
    return Standing(None, None, failure, refusal, tests)


def _failure(run: Run, network: Computation, candidates: Sequence[np.ndarray], say: Say) -> Failure | None:
    """The first candidate answered wrongly, otherwise the result of a search; simplified."""
    for operands in candidates:
        failure = _failure_on(run, network, operands)
        if failure is not None:
            return failure
    say("searching for a wrong answer")
    with one_thread():
        found = find_counterexample(network, run.trial.cell, run.task)
    return None if found is None else _failure_on(run, network, found.digits)


def _failure_on(run: Run, network: Computation, operands: np.ndarray) -> Failure | None:
    padded = np.pad(operands, ((0, EXTRA_POSITIONS), (0, 0)))
    failure = first_failure(network, run.task, padded[None])
    return None if failure is None else simplify(network, run.task, failure)


def _operands(texts: Sequence[str], base: int) -> UInt8[np.ndarray, "position operand"]:
    """The digits of written numbers."""
    length = max(map(len, texts))
    rows = [[int(character, base) for character in reversed(text)] for text in texts]
    return np.array([row + [0] * (length - len(row)) for row in rows], dtype=np.uint8).T


def _evaluation(run: Run, store: Store) -> tuple[list[dict[str, Any]], list[np.ndarray]] | None:
    """The tests of this run by `ripplecarry evaluate`, if any, and the wrong answers found."""
    path = store.root / "evaluations" / run.id / "evaluation.json"
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
        failure = content["failure"]
        tests = _grid_tests(content["grid"])
        return tests, [] if failure is None else [_operands(failure["operands"], run.task.base)]
    except (ValueError, KeyError, TypeError) as error:
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
