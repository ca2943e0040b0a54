"""The launches of a training step, of a reading and of drawing operands."""

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ripplecarry.arithmetic.batches import BatchSource
from ripplecarry.engines.gpu import backward_kernels, forward_kernels, operand_kernels, update_kernels
from ripplecarry.engines.gpu.buffers import ROWS, Buffers, blocks
from ripplecarry.engines.gpu.layout import Layout

Multiply = Literal["ieee", "tf32x3", "tf32"]
"""How float32 numbers are multiplied: in full, by three TF32 products, or by one, which keeps 11 bits."""

OptimiserName = Literal["adam", "momentum", "sgd"]
Wanted = Literal["answers", "logits", "gradient"]

_BLOCKS = 64
"""Shares of the loss summed side by side."""

# Typed for Triton's compiler, not for callers.
_operands: Any = operand_kernels
_forward: Any = forward_kernels
_backward: Any = backward_kernels
_updates: Any = update_kernels


class Launches:
    """The kernels, set up for runs of one shape."""

    def __init__(
        self, layout: Layout, optimiser: OptimiserName, multiply: Multiply, device: torch.device
    ) -> None:
        self.layout = layout
        self._optimiser = optimiser
        self._multiply = multiply
        machine = layout.task.machine
        self._next_state = torch.from_numpy(machine.next_state.astype(np.int32).ravel()).to(device)
        self._output = torch.from_numpy(machine.output.ravel()).to(device)
        self._tiles = torch.tensor(layout.tiles, dtype=torch.int32, device=device)

    def draw(self, buffers: Buffers, source: BatchSource, keys: Tensor, steps: Tensor) -> None:
        """Puts each run's uniform batch of its step into the buffers."""
        task = self.layout.task
        _operands.draw[(buffers.num_runs, blocks(buffers.batch))](
            keys, steps, self._next_state, self._output, buffers.digits, buffers.answers,
            int(source.stream), buffers.batch, source.digits, buffers.positions,
            task.machine.num_symbols, task.base, OPERANDS=task.num_operands, ROWS=ROWS,
        )  # fmt: skip

    def _layers(
        self, buffers: Buffers, weights: Tensor, members: Tensor, *, is_training: bool, state: Tensor | None
    ) -> None:
        """The hidden states of all layers."""
        a, at = self.layout, self.layout.begins
        _operands.tabulate[(buffers.num_runs, a.task.num_operands * a.num_gates)](
            weights, members, buffers.table, a.size,
            at["embed_layer.weight"], at["rnn.weight_ih_l0"], at["rnn.bias_ih_l0"],
            H=a.hidden_size, E=a.embedding_size, BASE=a.base, GATES=a.num_gates,
            MULTIPLY=self._multiply,
        )  # fmt: skip
        for layer in range(a.architecture.layers):
            _forward.forward_layer[(buffers.num_runs, blocks(buffers.batch))](
                weights, members, buffers.table, buffers.digits, buffers.hidden, buffers.saved,
                buffers.hidden if state is None else state, layer, a.architecture.layers, buffers.positions,
                buffers.batch, a.size, at[f"rnn.weight_ih_l{layer}"], at[f"rnn.weight_hh_l{layer}"],
                at[f"rnn.bias_ih_l{layer}"], at[f"rnn.bias_hh_l{layer}"],
                CELL=a.architecture.cell, GATES=a.num_gates, SAVED=a.num_saved, H=a.hidden_size,
                BASE=a.base, OPERANDS=a.task.num_operands, IS_FIRST=layer == 0, IS_TRAINING=is_training,
                IS_STREAM=state is not None, ROWS=ROWS, RESIDENT=self._is_resident,
                MULTIPLY=self._multiply, num_warps=self._num_warps,
            )  # fmt: skip

    def read(
        self,
        buffers: Buffers,
        weights: Tensor,
        members: Tensor,
        wanted: Wanted,
        state: Tensor | None = None,
    ) -> None:
        """The whole forward pass, and the result wanted from the logits.

        Args:
            members: each run's row in `weights`.
            state: of streams; updated to the state after the positions; by default zero.
        """
        self._layers(buffers, weights, members, is_training=wanted == "gradient", state=state)
        a, at = self.layout, self.layout.begins
        _forward.readout[(buffers.num_runs, blocks(buffers.positions * buffers.batch))](
            weights, members, buffers.hidden, buffers.answers, buffers.logits, buffers.losses,
            buffers.results, a.architecture.layers, buffers.positions, buffers.batch, a.size,
            at["dense.weight"], at["dense.bias"], a.task.num_outputs,
            H=a.hidden_size, OUT=a.num_outputs, WANTED=wanted, ROWS=ROWS, MULTIPLY=self._multiply,
        )  # fmt: skip

    def step(
        self,
        buffers: Buffers,
        numbers: Tensor,
        members: Tensor,
        history: Tensor,
        step: int,
        rates: Tensor,
        corrections: Tensor,
        gradients: Tensor | None = None,
    ) -> None:
        """Forward, backward and update on the operands in the buffers; or the gradients, and no update.

        Args:
            numbers: weights, first and second moments of all runs; `members` selects the runs.
            history: takes the losses of this step, `step` being its row.
            rates: each run's learning rate, over 1 - 0.9^t for Adam.
            corrections: the root of 1 - 0.999^t.
        """
        a, at = self.layout, self.layout.begins
        layers, runs = a.architecture.layers, buffers.num_runs
        sizes: dict[str, Any] = {"H": a.hidden_size, "MULTIPLY": self._multiply}
        self.read(buffers, numbers[0], members, "gradient")
        total = buffers.positions * buffers.batch
        _forward.judge[(runs,)](
            buffers.losses,
            history,
            buffers.active,
            buffers.counts,
            step,
            blocks(total),
            total,
            BLOCKS=_BLOCKS,
        )
        for layer in reversed(range(layers)):
            is_last = layer == layers - 1
            _backward.backward_layer[(runs, blocks(buffers.batch))](
                numbers[0], members, buffers.hidden, buffers.saved, buffers.logits, layer, layers,
                buffers.positions, buffers.batch, a.size, at[f"rnn.weight_hh_l{layer}"],
                at["dense.weight" if is_last else f"rnn.weight_ih_l{layer + 1}"],
                CELL=a.architecture.cell, GATES=a.num_gates, SAVED=a.num_saved, OUT=a.num_outputs,
                IS_LAST=is_last, ROWS=ROWS, RESIDENT=self._is_resident, num_warps=self._num_warps, **sizes,
            )  # fmt: skip
        noted = numbers[0] if gradients is None else gradients
        updated = (*numbers, noted, members, buffers.active, rates, corrections)
        sizes["OPTIMISER"] = self._optimiser if gradients is None else "gradient"
        _updates.update_squares[(runs, len(a.tiles))](
            *updated, self._tiles, buffers.hidden, buffers.saved, layers, buffers.positions, buffers.batch,
            a.size, SAVED=a.num_saved, ROWS=ROWS, num_warps=self._num_warps, **sizes,
        )  # fmt: skip
        _updates.update_readout[(runs,)](
            *updated, buffers.hidden, buffers.logits, layers, buffers.positions, buffers.batch, a.size,
            at["dense.weight"], at["dense.bias"], OUT=a.num_outputs, ROWS=ROWS, **sizes,
        )  # fmt: skip
        parts = a.task.num_operands * a.num_gates
        _updates.gather_entries[(runs, parts)](
            buffers.digits, buffers.saved, buffers.table, layers, buffers.positions, buffers.batch,
            GATES=a.num_gates, SAVED=a.num_saved, H=a.hidden_size, BASE=a.base,
            OPERANDS=a.task.num_operands, ROWS=ROWS, MULTIPLY=self._multiply,
        )  # fmt: skip
        _updates.update_inputs[(runs,)](
            *updated, buffers.table, a.size, at["embed_layer.weight"], at["rnn.weight_ih_l0"],
            at["rnn.bias_ih_l0"], GATES=a.num_gates, E=a.embedding_size, BASE=a.base,
            OPERANDS=a.task.num_operands, **sizes,
        )  # fmt: skip

    @property
    def _is_resident(self) -> bool:
        """Whether a program holds a layer's weights at once: one gate's fit together."""
        return self.layout.num_gates == 1 and self.layout.hidden_size <= 64

    @property
    def _num_warps(self) -> int:
        return 4 if self.layout.hidden_size <= 64 else 8
