"""Training a run until it is certified."""

from ripplecarry.engines.engine import Computation
from ripplecarry.engines.reference import one_thread
from ripplecarry.networks.initial_values import Weights
from ripplecarry.runs.proofs import record_acceptance
from ripplecarry.runs.readings import Reader
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest
from ripplecarry.verification.certificate import Certificate
from ripplecarry.verification.recipes import portfolio
from ripplecarry.verification.trainer import CertifyingTrainer


class CertifyingTraining:
    """Training by one recipe after another until the checker accepts a certificate."""

    def __init__(self, request: RunRequest, weights: Weights, store: Store, read_metrics: Reader) -> None:
        trial, seed = request.trial, request.seed
        recipes = portfolio(trial.cell)
        if trial.polished_from is not None:
            recipes = tuple(recipe.for_polishing() for recipe in recipes)
        self.trainer = CertifyingTrainer(trial, trial.training_batches(seed), weights, recipes, trial.steps)
        self.num_steps = self.trainer.num_steps
        self._request, self._store, self._read_metrics = request, store, read_metrics
        self._certificate: Certificate | None = None

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

    def is_done(self) -> bool:
        """Whether there is a certificate."""
        return self._certificate is not None

    def finish(self) -> None:
        """Stores the certificate."""
        if self._certificate is not None:
            run_id, found = self._request.id, self._certificate
            record_acceptance(run_id, found.write(self._store.certificate_path(run_id)), found.proof)


def _finite(value: float) -> float:
    return max(min(value, 1e30), -1e30) if value == value else -1e30
