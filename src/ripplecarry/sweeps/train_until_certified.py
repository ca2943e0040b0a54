"""Training a run until it is certified."""

from dataclasses import replace

from ripplecarry.engines.engine import Computation
from ripplecarry.engines.reference import one_thread
from ripplecarry.networks.initial_values import Weights
from ripplecarry.runs.proofs import record_acceptance
from ripplecarry.runs.readings import Reader
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest
from ripplecarry.verification.certificate import Certificate, certify_sloped_boxes
from ripplecarry.verification.find_sloped_boxes import Round, find_sloped_boxes
from ripplecarry.verification.near_trainer import NearTrainer
from ripplecarry.verification.recipes import portfolio
from ripplecarry.verification.sloped_boxes import PositionBounds
from ripplecarry.verification.trainer import CertifyingTrainer

NUM_DIGITS = 20
"""Of the operands that a copy which stays near is trained on: long enough for small errors to add up."""


class _UntilCertified:
    """What ends once there is a certificate."""

    def __init__(self, request: RunRequest, store: Store, read_metrics: Reader) -> None:
        self._request, self._store, self._read_metrics = request, store, read_metrics
        self._certificate: Certificate | None = None

    def is_done(self) -> bool:
        """Whether there is a certificate."""
        return self._certificate is not None

    def finish(self) -> None:
        """Stores the certificate."""
        if self._certificate is not None:
            run_id, found = self._request.id, self._certificate
            record_acceptance(run_id, found.write(self._store.certificate_path(run_id)), found.proof)


class CertifyingTraining(_UntilCertified):
    """Training by one recipe after another until the checker accepts a certificate."""

    def __init__(self, request: RunRequest, weights: Weights, store: Store, read_metrics: Reader) -> None:
        super().__init__(request, store, read_metrics)
        trial, seed = request.trial, request.seed
        recipes = portfolio(trial.cell)
        if trial.polished_from is not None:
            recipes = tuple(recipe.for_polishing() for recipe in recipes)
        self.trainer = CertifyingTrainer(trial, trial.training_batches(seed), weights, recipes, trial.steps)
        self.num_steps = self.trainer.num_steps

    def read_metrics(self, network: Computation, step: int) -> dict[str, float]:
        """The metrics of this step, and the result of a search for an invariant."""
        with one_thread():
            attempt = self.trainer.attempt()
            request = self._request
            self._certificate = self.trainer.certificate(request.id, request.trial, attempt)
        found = {
            "certified": float(self._certificate is not None),
            "box_margin": _finite(attempt.margin),
            "box_width": _finite(attempt.width),
        }
        return self._read_metrics(network, step) | found


class NearTraining(_UntilCertified):
    """Training that moves weights as little as it can until the checker accepts sloped boxes."""

    def __init__(self, request: RunRequest, weights: Weights, store: Store, read_metrics: Reader) -> None:
        super().__init__(request, store, read_metrics)
        trial = request.trial
        batches = trial.training_batches(request.seed)
        batches = replace(batches, digits=NUM_DIGITS, positions=NUM_DIGITS, operands="balanced")
        self.trainer = NearTrainer(trial, batches, weights)
        self.num_steps = trial.steps

    def read_metrics(self, network: Computation, step: int) -> dict[str, float]:
        """The metrics of this step, and the result of a search for sloped boxes.

        After the first step there is no search: the weights are still those that have no proof.
        """
        rounds: list[Round] = []
        if step:
            self._certificate = self._search(network.weights(), rounds)
        found = {
            "certified": float(self._certificate is not None),
            "box_margin": _finite(rounds[-1].margin if rounds else float("nan")),
        }
        return self._read_metrics(network, step) | found

    def _search(self, weights: Weights, rounds: list[Round]) -> Certificate | None:
        request = self._request
        task = request.trial.build_task()
        bounds = PositionBounds(weights, task.machine, task.base, task.num_operands)
        closed = find_sloped_boxes(bounds, request.seed, is_quick=True, report=rounds.append)
        if closed is None:
            return None
        found = certify_sloped_boxes(request.id, request.trial, weights, closed)
        return found if isinstance(found, Certificate) else None


def _finite(value: float) -> float:
    return max(min(value, 1e30), -1e30) if value == value else -1e30
