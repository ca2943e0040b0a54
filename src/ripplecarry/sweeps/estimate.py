"""How long runs will take on this machine, from two training steps."""

import time
from collections.abc import Sequence

from ripplecarry.engines.registry import GPU_ENGINES, open_engine
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import RunRequest


def estimated_s(requests: Sequence[RunRequest], num_workers: int) -> float | None:
    """The wall time in seconds; None for runs that end when there is a proof, or train together on a GPU.

    The run with the most work per step is started and thrown away; the others are scaled by their cost.
    """
    if any(request.trial.certify or request.engine in GPU_ENGINES for request in requests):
        return None
    trial = max((request.trial for request in requests), key=lambda trial: trial.cost / trial.steps)
    engine = open_engine(next(request.engine for request in requests if request.trial == trial))
    weights = initial_weights(trial, trial.build_task(), 0)
    trainer = engine.trainer(trial, trial, trial.training_batches(0), weights)
    trainer.advance(1)  # buffers are allocated
    began = time.perf_counter()
    trainer.advance(1)
    step_s = time.perf_counter() - began
    cost = sum(request.trial.cost for request in requests)
    return step_s * cost / (trial.cost / trial.steps) / num_workers
