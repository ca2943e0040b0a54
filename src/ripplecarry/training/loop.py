"""The training loop, for any engine."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from ripplecarry.engines.engine import Trainer
from ripplecarry.training.curves import Curves

READ_EVERY = 50
"""The report reads its accuracy at every 50th step, after that step's update."""

STEPS_PER_CHUNK = 10
"""Stop requests take effect between chunks; with 202 positions a chunk takes about a second. Chunks end
after updates 1, 11, 21, …"""

Outcome = Literal["finished", "diverged"]


def train(
    trainer: Trainer,
    num_steps: int,
    read_metrics: Callable[[Trainer, int], dict[str, float]],
    curves: Curves,
    after_chunk: Callable[[], None] = lambda: None,
    is_done: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Trains up to `num_steps` updates in total, adding to `curves`.

    Args:
        read_metrics: reads metrics after the update of the given step.
        after_chunk: called every few steps, when trainer and curves agree; it may raise.
        is_done: called after every reading; training ends if it returns True.
    Returns:
        "diverged" if the loss stopped being finite, which ends training.
    """
    while trainer.step < num_steps:
        next_read = -(-trainer.step // READ_EVERY) * READ_EVERY
        chunk = min(next_read + 1, num_steps, trainer.step + STEPS_PER_CHUNK) - trainer.step
        losses = trainer.advance(chunk)
        curves.add_losses(losses)
        if not np.isfinite(losses[-1]):
            return "diverged"
        last = trainer.step - 1
        if last % READ_EVERY == 0:
            curves.add_readings(last, read_metrics(trainer, last))
            if is_done():
                break
        after_chunk()
    return "finished"
