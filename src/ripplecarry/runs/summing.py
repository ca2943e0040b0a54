"""A run's network, ready to add."""

from ripplecarry.engines.engine import Engine
from ripplecarry.errors import ConfigurationError
from ripplecarry.evaluation.stream import NetworkSums
from ripplecarry.runs.run import Run


def open_sums(run: Run, engine: Engine) -> NetworkSums:
    """The sums of this run's network, computed by this engine.

    Raises:
        ConfigurationError: a run that learned something else than addition.
        StoreError: its weights are damaged.
    """
    if run.trial.task != "addition":
        raise ConfigurationError(
            f"run {run.id} learned the task {run.task.name}; only runs of the task addition can add"
        )
    return NetworkSums(engine.load(run.trial, run.task, run.weights), run.trial, run.task)
