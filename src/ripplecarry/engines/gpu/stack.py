"""A stack: the runs of one shape in the GPU's memory, and the launches that train and read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.engines.gpu import kernels as _kernels
from ripplecarry.engines.gpu.layout import Layout

kernels: Any = _kernels  # typed for Triton's compiler, not for its callers

Multiply = Literal["ieee", "tf32x3", "tf32"]
"""How float32 numbers are multiplied: in full, by three TF32 products, or by one, which keeps 11 bits."""

_ROWS = 32
"""Of a batch per program; and of positions and batch together where they are reduced."""
_BLOCKS = 64
"""Shares of the loss that are summed side by side."""
_MOST_OF_MEMORY = 0.4
"""The share of the free memory that one launch's hidden states may take."""
_ON_PROCESSOR = 2**30
"""Bytes they may take where the kernels are interpreted."""


@dataclass(frozen=True)
class StackShape:
    """What runs that are trained side by side have in common."""

    layout: Layout
    optimiser: Literal["adam", "momentum", "sgd"]
    multiply: Multiply


@dataclass(frozen=True)
class Advance:
    """Steps wanted of a run: as many as it has rates, from `first` on."""

    slot: int
    batches: BatchSource
    first: int
    rates: np.ndarray

    @property
    def num_steps(self) -> int:
        return len(self.rates)


@dataclass(frozen=True)
class Marks:
    """A wish to know how many answers, and how many digits, of a step's batch are right."""

    slot: int
    batches: BatchSource
    step: int


class Stack:
    """Runs of one shape, each in a slot of its own."""

    def __init__(self, shape: StackShape, device: torch.device) -> None:
        self.shape = shape
        self.layout = shape.layout
        self._device = device
        self._free: list[int] = []
        self._numbers = torch.zeros((3, 0, self.layout.size), device=device)  # weights and two moments
        machine = self.layout.task.machine
        # Rows of both tables begin at state * num_symbols, so the next state's number is kept so too.
        self._next_state = self._put(machine.next_state.astype(np.int32).ravel())
        self._output = self._put(machine.output.ravel())
        self._tiles = self._put(
            np.array(
                [[t.layer, t.kept, t.is_own, t.at_weights, t.at_biases] for t in self.layout.tiles],
                np.int32,
            )
        )
        self._space: _Space | None = None

    def add(self) -> int:
        """A free slot; the moments in it are zero."""
        if not self._free:
            count = self._numbers.shape[1]
            self._free = list(range(max(8, 2 * count) - 1, count - 1, -1))
            grown = torch.zeros((3, count + len(self._free), self.layout.size), device=self._device)
            grown[:, :count] = self._numbers
            self._numbers = grown
        slot = self._free.pop()
        self._numbers[:, slot] = 0
        return slot

    def remove(self, slot: int) -> None:
        """Frees a slot."""
        self._free.append(slot)

    def write(self, slot: int, part: int, row: np.ndarray) -> None:
        """Puts a run's weights (0), first (1) or second (2) moments there."""
        self._numbers[part, slot] = self._put(row)

    def read(self, slot: int, part: int) -> np.ndarray:
        """A copy of a run's weights or moments."""
        return self._numbers[part, slot].clone().cpu().numpy()

    def advance(self, wanted: Sequence[Advance]) -> list[np.ndarray]:
        """Trains each run its steps; its losses, of which a last one that is not finite has no update."""
        source = wanted[0].batches
        room = self._room(source.positions, source.batch_size)
        losses = []
        for begin in range(0, len(wanted), room):
            losses += self._train(wanted[begin : begin + room])
        return losses

    def gradients(self, slot: int, batch: Batch) -> tuple[float, np.ndarray]:
        """A batch's mean loss and its gradient, a row as of the weights; nothing is updated."""
        num, positions, _ = batch.operands.shape
        space = _Space(self, 1, positions, num, is_training=True)
        space.give([batch])
        space.counts.fill_(1)
        space.active.fill_(1)
        history = torch.zeros((1, 1), device=self._device)
        gradients = torch.zeros_like(self._numbers[0])
        self._step(space, self._put(np.array([slot])), history, 0, history, history, gradients)
        return history.item(), gradients[slot].cpu().numpy()

    def marks(self, wanted: Sequence[Marks]) -> list[tuple[int, int]]:
        """For each, the answers right in every digit and the digits right."""
        source = wanted[0].batches
        room = self._room(source.positions, source.batch_size)
        counts: list[tuple[int, int]] = []
        for begin in range(0, len(wanted), room):
            some = wanted[begin : begin + room]
            space = _Space(self, len(some), source.positions, source.batch_size)
            if source.is_plain:
                keys, steps = self._keys([each.batches for each in some], [each.step for each in some])
                self._draw(space, source, keys, steps)
            else:
                space.give([each.batches.draw(each.step) for each in some])
            self._read(space, self._put(np.array([each.slot for each in some])), "answers")
            agrees = space.results == space.answers
            exact = agrees.all(dim=1).sum(dim=1)
            digits = agrees.sum(dim=(1, 2))
            counts += list(zip(exact.tolist(), digits.tolist(), strict=True))
        return counts

    def answers(self, wanted: Sequence[tuple[int, np.ndarray]]) -> list[np.ndarray]:
        """The answer digits of operands of one shape, for each pair of a slot and operands."""
        return self._given(wanted, "answers")

    def logits(self, slot: int, operands: np.ndarray) -> np.ndarray:
        """The logits, as `Computation.logits` has them."""
        return self._given([(slot, operands)], "logits")[0][..., : self.layout.task.num_outputs]

    def new_state(self) -> Tensor:
        """The zero state of one stream."""
        shape = (1, self.layout.architecture.layers, 2, 1, self.layout.hidden_size)
        return torch.zeros(shape, device=self._device)

    def feed(self, slot: int, state: Tensor, operands: np.ndarray) -> np.ndarray:
        """The logits of a stream's next positions; `state` goes on behind them."""
        space = _Space(self, 1, len(operands), 1)
        space.give_operands(0, operands[None])
        self._read(space, self._put(np.array([slot])), "logits", state)
        return space.logits[0, :, 0, : self.layout.task.num_outputs].cpu().numpy()

    def draw(self, source: BatchSource, step: int) -> Batch:
        """A step's batch as the device draws it."""
        space = _Space(self, 1, source.positions, source.batch_size)
        self._draw(space, source, *self._keys([source], [step]))
        operands = space.digits[0].permute(2, 0, 1).cpu().numpy()
        return Batch(operands, space.answers[0].T.cpu().numpy())

    def _given(
        self, wanted: Sequence[tuple[int, np.ndarray]], kind: Literal["answers", "logits"]
    ) -> list[np.ndarray]:
        batch, positions, _ = wanted[0][1].shape
        if batch == 0 or positions == 0:
            kinds = {"answers": np.empty((batch, positions), np.uint8)}
            kinds["logits"] = np.empty((batch, positions, self.layout.num_outputs), np.float32)
            return [kinds[kind] for _ in wanted]
        room = self._room(positions, 1)
        rows, runs = max(1, min(batch, room)), max(1, room // batch)
        results: list[np.ndarray] = []
        for begin in range(0, len(wanted), runs):
            some = wanted[begin : begin + runs]
            members = self._put(np.array([slot for slot, _ in some]))
            pieces: list[np.ndarray] = []
            for first in range(0, batch, rows):
                count = min(rows, batch - first)
                space = _Space(self, len(some), positions, count)
                for run, (_, operands) in enumerate(some):
                    space.give_operands(run, operands[first : first + count])
                self._read(space, members, kind)
                made = space.results if kind == "answers" else space.logits
                pieces.append(made.transpose(1, 2).cpu().numpy())
            results += list(np.concatenate(pieces, axis=1))
        return results

    def _train(self, wanted: Sequence[Advance]) -> list[np.ndarray]:
        source = wanted[0].batches
        space = self._training_space(len(wanted), source.positions, source.batch_size)
        num_steps = max(each.num_steps for each in wanted)
        members = self._put(np.array([each.slot for each in wanted]))
        rates, corrections = np.zeros((2, num_steps, len(wanted)))
        for run, each in enumerate(wanted):
            done = each.first + 1 + np.arange(each.num_steps)
            rates[: each.num_steps, run] = each.rates
            corrections[: each.num_steps, run] = np.sqrt(1 - 0.999**done)
            if self.shape.optimiser == "adam":
                rates[: each.num_steps, run] /= 1 - 0.9**done
        on_device = [self._put(part.astype(np.float32)) for part in (rates, corrections)]
        history = torch.zeros((num_steps, len(wanted)), device=self._device)
        space.counts.copy_(self._put(np.array([each.num_steps for each in wanted], np.int32)))
        space.active.fill_(1)
        keys, steps = self._keys([each.batches for each in wanted], [each.first for each in wanted])
        for step in range(num_steps):
            if source.is_plain:
                self._draw(space, source, keys, steps + step)
            else:
                space.give([each.batches.draw(each.first + step) for each in wanted])
            self._step(space, members, history, step, on_device[0][step], on_device[1][step])
        losses = []
        for each, column in zip(wanted, history.cpu().numpy().T, strict=True):
            mine = column[: each.num_steps]
            bad = np.flatnonzero(~np.isfinite(mine))
            losses.append(mine[: bad[0] + 1].copy() if bad.size else mine.copy())
        return losses

    def _keys(self, batches: Sequence[BatchSource], steps: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Each run's seed and step, as `draw` takes them."""
        keys = np.array([[b.seed & 0xFFFFFFFF, b.seed >> 32] for b in batches], dtype=np.uint32)
        return self._put(keys.view(np.int32)), self._put(np.array(steps, dtype=np.uint32).view(np.int32))

    def _draw(self, space: "_Space", source: BatchSource, keys: Tensor, steps: Tensor) -> None:
        """Puts each run's uniform batch of its step into the space."""
        task = self.layout.task
        kernels.draw[(space.num_runs, _blocks(space.batch))](
            keys, steps, self._next_state, self._output, space.digits, space.answers,
            int(source.stream), space.batch, source.digits, space.positions,
            task.machine.num_symbols, task.base, OPERANDS=task.num_operands, ROWS=_ROWS,
        )  # fmt: skip

    def _forward(
        self, space: "_Space", members: Tensor, *, is_training: bool, state: Tensor | None = None
    ) -> None:
        a, at, weights = self.layout, self.layout.begins, self._numbers[0]
        kernels.tabulate[(space.num_runs, a.task.num_operands * a.num_gates)](
            weights, members, space.table, a.size, a.architecture.embedding_size,
            at["embed_layer.weight"], at["rnn.weight_ih_l0"], at["rnn.bias_ih_l0"],
            H=a.hidden_size, E=a.embedding_size, BASE=a.base, GATES=a.num_gates,
            MULTIPLY=self.shape.multiply,
        )  # fmt: skip
        for layer in range(a.architecture.layers):
            kernels.forward_layer[(space.num_runs, _blocks(space.batch))](
                weights, members, space.table, space.digits, space.hidden, space.saved,
                space.hidden if state is None else state, layer, a.architecture.layers, space.positions,
                space.batch, a.size, at[f"rnn.weight_ih_l{layer}"], at[f"rnn.weight_hh_l{layer}"],
                at[f"rnn.bias_ih_l{layer}"], at[f"rnn.bias_hh_l{layer}"],
                CELL=a.architecture.cell, GATES=a.num_gates, SAVED=a.num_kept, H=a.hidden_size, BASE=a.base,
                OPERANDS=a.task.num_operands, IS_FIRST=layer == 0, IS_TRAINING=is_training,
                IS_STREAM=state is not None, ROWS=_ROWS, RESIDENT=self._is_resident,
                MULTIPLY=self.shape.multiply, num_warps=self._num_warps,
            )  # fmt: skip

    def _read(
        self, space: "_Space", members: Tensor, wanted: Literal["answers", "logits", "gradient"],
        state: Tensor | None = None,
    ) -> None:  # fmt: skip
        """The whole way forward, and what is wanted of the logits."""
        self._forward(space, members, is_training=wanted == "gradient", state=state)
        a, at = self.layout, self.layout.begins
        kernels.readout[(space.num_runs, _blocks(space.positions * space.batch))](
            self._numbers[0], members, space.hidden, space.answers, space.logits, space.losses,
            space.results, a.architecture.layers, space.positions, space.batch, a.size,
            at["dense.weight"], at["dense.bias"], a.task.num_outputs,
            H=a.hidden_size, OUT=a.num_outputs, WANTED=wanted, ROWS=_ROWS, MULTIPLY=self.shape.multiply,
        )  # fmt: skip

    def _step(
        self,
        space: "_Space",
        members: Tensor,
        history: Tensor,
        step: int,
        rates: Tensor,
        corrections: Tensor,
        gradients: Tensor | None = None,
    ) -> None:
        """Forward, backward and update on the operands in the space; or the gradients, and no update."""
        a, at = self.layout, self.layout.begins
        layers, runs = a.architecture.layers, space.num_runs
        sizes: dict[str, Any] = {"H": a.hidden_size, "MULTIPLY": self.shape.multiply}
        self._read(space, members, "gradient")
        total = space.positions * space.batch
        kernels.judge[(runs,)](
            space.losses, history, space.active, space.counts, step, _blocks(total), total, BLOCKS=_BLOCKS
        )
        for layer in reversed(range(layers)):
            is_last = layer == layers - 1
            kernels.backward_layer[(runs, _blocks(space.batch))](
                self._numbers[0], members, space.hidden, space.saved, space.logits, layer, layers,
                space.positions, space.batch, a.size, at[f"rnn.weight_hh_l{layer}"],
                at["dense.weight" if is_last else f"rnn.weight_ih_l{layer + 1}"],
                CELL=a.architecture.cell, GATES=a.num_gates, SAVED=a.num_kept, OUT=a.num_outputs,
                IS_LAST=is_last, ROWS=_ROWS, RESIDENT=self._is_resident, num_warps=self._num_warps, **sizes,
            )  # fmt: skip
        noted = self._numbers[0] if gradients is None else gradients
        updated = (*self._numbers, noted, members, space.active, rates, corrections)
        sizes["OPTIMISER"] = self.shape.optimiser if gradients is None else "gradient"
        kernels.update_squares[(runs, len(a.tiles))](
            *updated, self._tiles, space.hidden, space.saved, layers, space.positions, space.batch, a.size,
            SAVED=a.num_kept, ROWS=_ROWS, num_warps=self._num_warps, **sizes,
        )  # fmt: skip
        kernels.update_readout[(runs,)](
            *updated, space.hidden, space.logits, layers, space.positions, space.batch, a.size,
            at["dense.weight"], at["dense.bias"], OUT=a.num_outputs, ROWS=_ROWS, **sizes,
        )  # fmt: skip
        parts = a.task.num_operands * a.num_gates
        kernels.gather_entries[(runs, parts)](
            space.digits, space.saved, space.table, layers, space.positions, space.batch,
            GATES=a.num_gates, SAVED=a.num_kept, H=a.hidden_size, BASE=a.base, OPERANDS=a.task.num_operands,
            ROWS=_ROWS, MULTIPLY=self.shape.multiply,
        )  # fmt: skip
        kernels.update_inputs[(runs,)](
            *updated, space.table, a.size, at["embed_layer.weight"], at["rnn.weight_ih_l0"],
            at["rnn.bias_ih_l0"], GATES=a.num_gates, E=a.embedding_size, BASE=a.base,
            OPERANDS=a.task.num_operands, **sizes,
        )  # fmt: skip

    @property
    def _is_resident(self) -> bool:
        """Whether a program keeps a layer's weights: those of one gate fit beside each other."""
        return self.layout.num_gates == 1 and self.layout.hidden_size <= 64

    @property
    def _num_warps(self) -> int:
        return 4 if self.layout.hidden_size <= 64 else 8

    def _put(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _training_space(self, *shape: int) -> "_Space":
        """A space of this shape, the same one as long as no other is asked for."""
        if self._space is None or self._space.shape != shape:
            self._space = None  # freed first
            self._space = _Space(self, *shape, is_training=True)
        return self._space

    def _room(self, positions: int, batch: int) -> int:
        """How many runs' hidden states fit at once; at least one."""
        a = self.layout
        each = 4 * (1 + a.num_kept) * a.architecture.layers * a.hidden_size * positions * batch
        if self._device.type == "cpu":
            return max(1, _ON_PROCESSOR // each)
        free, _ = torch.cuda.mem_get_info(self._device)
        free += torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return max(1, int(_MOST_OF_MEMORY * free) // each)


class _Space:
    """What one launch works on, for each of its runs."""

    def __init__(
        self, stack: Stack, num_runs: int, positions: int, batch: int, *, is_training: bool = False
    ) -> None:
        self.shape = (num_runs, positions, batch)
        self.num_runs, self.positions, self.batch = self.shape
        a, device = stack.layout, stack._device
        layers, width = a.architecture.layers, a.hidden_size
        operands = a.task.num_operands
        self.digits = torch.zeros((num_runs, positions, operands, batch), dtype=torch.uint8, device=device)
        self.answers, self.results = torch.zeros((2, *self.shape), dtype=torch.uint8, device=device)
        self.table = torch.empty((num_runs, operands * a.num_gates, a.base, width), device=device)
        # in front of the first position the zero state
        self.hidden = torch.empty((num_runs, layers, positions + 1, batch, width), device=device)
        self.hidden[:, :, 0] = 0
        kept = (num_runs, layers, a.num_kept, positions, batch, width) if is_training else (1,)
        self.saved = torch.empty(kept, device=device)
        self.logits = torch.empty((*self.shape, a.num_outputs), device=device)
        self.losses = torch.empty((num_runs, _blocks(positions * batch)), device=device)
        self.counts, self.active = torch.zeros((2, num_runs), dtype=torch.int32, device=device)

    def give(self, batches: Sequence[Batch]) -> None:
        """Each run's operands and answers."""
        for run, batch in enumerate(batches):
            self.give_operands(run, batch.operands)
            self.answers[run] = torch.from_numpy(np.ascontiguousarray(batch.answers.T))

    def give_operands(self, run: int, operands: np.ndarray) -> None:
        """A run's operands."""
        self.digits[run] = torch.from_numpy(np.ascontiguousarray(operands.transpose(1, 2, 0)))


def _blocks(rows: int) -> int:
    return -(-rows // _ROWS)
