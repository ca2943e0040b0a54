"""A launch's device buffers, and for how many runs they fit."""

from collections.abc import Sequence

import numpy as np
import torch

from ripplecarry.arithmetic.batches import Batch
from ripplecarry.engines.gpu.layout import Layout

ROWS = 32
"""Rows of a batch per program; and of positions and batch together where they are reduced."""
_MOST_OF_MEMORY = 0.4
"""The share of the free memory that one launch's hidden states may take."""
BYTES_ON_PROCESSOR = 2**30
"""The bytes they may take if the kernels are interpreted."""


class Buffers:
    """Operands, states, gates and logits of runs side by side."""

    def __init__(
        self,
        layout: Layout,
        device: torch.device,
        num_runs: int,
        positions: int,
        batch: int,
        *,
        is_training: bool = False,
    ) -> None:
        self.shape = (num_runs, positions, batch)
        self.num_runs, self.positions, self.batch = self.shape
        a = layout
        layers, width = a.architecture.layers, a.hidden_size
        operands = a.task.num_operands
        self.digits = torch.zeros((num_runs, positions, operands, batch), dtype=torch.uint8, device=device)
        self.answers, self.results = torch.zeros((2, *self.shape), dtype=torch.uint8, device=device)
        self.table = torch.empty((num_runs, operands * a.num_gates, a.base, width), device=device)
        # before the first position, the zero state
        self.hidden = torch.empty((num_runs, layers, positions + 1, batch, width), device=device)
        self.hidden[:, :, 0] = 0
        saved = (num_runs, layers, a.num_saved, positions, batch, width) if is_training else (1,)
        self.saved = torch.empty(saved, device=device)
        self.logits = torch.empty((*self.shape, a.num_outputs), device=device)
        self.losses = torch.empty((num_runs, blocks(positions * batch)), device=device)
        self.counts, self.active = torch.zeros((2, num_runs), dtype=torch.int32, device=device)

    def give(self, batches: Sequence[Batch]) -> None:
        """Writes each run's operands and answers."""
        for run, batch in enumerate(batches):
            self.give_operands(run, batch.operands)
            self.answers[run] = torch.from_numpy(np.ascontiguousarray(batch.answers.T))

    def give_operands(self, run: int, operands: np.ndarray) -> None:
        """Writes a run's operands."""
        self.digits[run] = torch.from_numpy(np.ascontiguousarray(operands.transpose(1, 2, 0)))


def capacity(layout: Layout, device: torch.device, positions: int, batch: int) -> int:
    """How many runs' hidden states fit at once; at least one."""
    vectors = (1 + layout.num_saved) * layout.architecture.layers
    each = 4 * vectors * layout.hidden_size * positions * batch
    if device.type == "cpu":
        return max(1, BYTES_ON_PROCESSOR // each)
    free, _ = torch.cuda.mem_get_info(device)
    free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return max(1, int(_MOST_OF_MEMORY * free) // each)


def blocks(rows: int) -> int:
    """The number of programs for this many rows."""
    return -(-rows // ROWS)
