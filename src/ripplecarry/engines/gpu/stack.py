"""A stack: the runs of one shape in the GPU's memory, trained and read together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.engines.gpu.buffers import Buffers, capacity
from ripplecarry.engines.gpu.launches import Launches, Multiply, OptimiserName
from ripplecarry.engines.gpu.layout import Layout


@dataclass(frozen=True)
class StackShape:
    """What runs trained side by side have in common."""

    layout: Layout
    optimiser: OptimiserName
    multiply: Multiply


@dataclass(frozen=True)
class Advance:
    """A request for a run's steps: one per rate, from `first` on."""

    slot: int
    batches: BatchSource
    first: int
    rates: np.ndarray

    @property
    def num_steps(self) -> int:
        return len(self.rates)


@dataclass(frozen=True)
class Marks:
    """A request for how many answers and how many digits of a step's batch are right."""

    slot: int
    batches: BatchSource
    step: int


_Request = TypeVar("_Request", Advance, Marks)


class Stack:
    """Runs of one shape, each in a slot of its own."""

    def __init__(self, shape: StackShape, device: torch.device) -> None:
        self.shape = shape
        self.layout = shape.layout
        self._device = device
        self._free: list[int] = []
        self._numbers = torch.zeros((3, 0, self.layout.size), device=device)  # weights and two moments
        self._launches = Launches(shape.layout, shape.optimiser, shape.multiply, device)
        self._buffers: Buffers | None = None

    def add(self) -> int:
        """A free slot with zero moments."""
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
        """Writes a run's weights (0), first (1) or second (2) moments."""
        self._numbers[part, slot] = self._put(row)

    def read(self, slot: int, part: int) -> np.ndarray:
        """A copy of a run's weights or moments."""
        return self._numbers[part, slot].clone().cpu().numpy()

    def advance(self, wanted: Sequence[Advance]) -> list[np.ndarray]:
        """Trains each run; returns its losses, the last of which, if not finite, has no update."""
        return [losses for some in self._at_once(wanted) for losses in self._train(some)]

    def gradients(self, slot: int, batch: Batch) -> tuple[float, np.ndarray]:
        """A batch's mean loss and its gradient, a row like the weights'; nothing is updated."""
        num, positions, _ = batch.operands.shape
        buffers = Buffers(self.layout, self._device, 1, positions, num, is_training=True)
        buffers.give([batch])
        buffers.counts.fill_(1)
        buffers.active.fill_(1)
        history = torch.zeros((1, 1), device=self._device)
        gradients = torch.zeros_like(self._numbers[0])
        self._launches.step(
            buffers, self._numbers, self._members([slot]), history, 0, history, history, gradients
        )
        return history.item(), gradients[slot].cpu().numpy()

    def marks(self, wanted: Sequence[Marks]) -> list[tuple[int, int]]:
        """For each request, how many answers are right in every digit and how many digits are right."""
        source = wanted[0].batches
        counts: list[tuple[int, int]] = []
        for some in self._at_once(wanted):
            buffers = Buffers(self.layout, self._device, len(some), source.positions, source.batch_size)
            if source.is_plain:
                keys, steps = self._keys([each.batches for each in some], [each.step for each in some])
                self._launches.draw(buffers, source, keys, steps)
            else:
                buffers.give([each.batches.draw(each.step) for each in some])
            members = self._members([each.slot for each in some])
            self._launches.read(buffers, self._numbers[0], members, "answers")
            agrees = buffers.results == buffers.answers
            exact = agrees.all(dim=1).sum(dim=1)
            digits = agrees.sum(dim=(1, 2))
            counts += list(zip(exact.tolist(), digits.tolist(), strict=True))
        return counts

    def answers(self, wanted: Sequence[tuple[int, np.ndarray]]) -> list[np.ndarray]:
        """The answer digits for each pair of a slot and operands, all of one shape."""
        return self._given(wanted, "answers")

    def logits(self, slot: int, operands: np.ndarray) -> np.ndarray:
        """The logits, as `Computation.logits` gives them."""
        return self._given([(slot, operands)], "logits")[0][..., : self.layout.task.num_outputs]

    def new_state(self) -> Tensor:
        """The zero state of one stream."""
        shape = (1, self.layout.architecture.layers, 2, 1, self.layout.hidden_size)
        return torch.zeros(shape, device=self._device)

    def feed(self, slot: int, state: Tensor, operands: np.ndarray) -> np.ndarray:
        """The logits of a stream's next positions; `state` becomes the state after them."""
        buffers = Buffers(self.layout, self._device, 1, len(operands), 1)
        buffers.give_operands(0, operands[None])
        self._launches.read(buffers, self._numbers[0], self._members([slot]), "logits", state)
        return buffers.logits[0, :, 0, : self.layout.task.num_outputs].cpu().numpy()

    def draw(self, source: BatchSource, step: int) -> Batch:
        """A step's batch as the device draws it."""
        buffers = Buffers(self.layout, self._device, 1, source.positions, source.batch_size)
        self._launches.draw(buffers, source, *self._keys([source], [step]))
        operands = buffers.digits[0].permute(2, 0, 1).cpu().numpy()
        return Batch(operands, buffers.answers[0].T.cpu().numpy())

    def _given(
        self, wanted: Sequence[tuple[int, np.ndarray]], kind: Literal["answers", "logits"]
    ) -> list[np.ndarray]:
        batch, positions, _ = wanted[0][1].shape
        if batch == 0 or positions == 0:
            kinds = {"answers": np.empty((batch, positions), np.uint8)}
            kinds["logits"] = np.empty((batch, positions, self.layout.num_outputs), np.float32)
            return [kinds[kind] for _ in wanted]
        capacity = self._capacity(positions, 1)
        rows, runs = max(1, min(batch, capacity)), max(1, capacity // batch)
        results: list[np.ndarray] = []
        for begin in range(0, len(wanted), runs):
            some = wanted[begin : begin + runs]
            members = self._members([slot for slot, _ in some])
            pieces: list[np.ndarray] = []
            for first in range(0, batch, rows):
                count = min(rows, batch - first)
                buffers = Buffers(self.layout, self._device, len(some), positions, count)
                for run, (_, operands) in enumerate(some):
                    buffers.give_operands(run, operands[first : first + count])
                self._launches.read(buffers, self._numbers[0], members, kind)
                made = buffers.results if kind == "answers" else buffers.logits
                pieces.append(made.transpose(1, 2).cpu().numpy())
            results += list(np.concatenate(pieces, axis=1))
        return results

    def _train(self, wanted: Sequence[Advance]) -> list[np.ndarray]:
        source = wanted[0].batches
        buffers = self._training_buffers(len(wanted), source.positions, source.batch_size)
        num_steps = max(each.num_steps for each in wanted)
        members = self._members([each.slot for each in wanted])
        rates, corrections = np.zeros((2, num_steps, len(wanted)))
        for run, each in enumerate(wanted):
            done = each.first + 1 + np.arange(each.num_steps)
            rates[: each.num_steps, run] = each.rates
            corrections[: each.num_steps, run] = np.sqrt(1 - 0.999**done)
            if self.shape.optimiser == "adam":
                rates[: each.num_steps, run] /= 1 - 0.9**done
        on_device = [self._put(part.astype(np.float32)) for part in (rates, corrections)]
        history = torch.zeros((num_steps, len(wanted)), device=self._device)
        buffers.counts.copy_(self._put(np.array([each.num_steps for each in wanted], np.int32)))
        buffers.active.fill_(1)
        keys, steps = self._keys([each.batches for each in wanted], [each.first for each in wanted])
        for step in range(num_steps):
            if source.is_plain:
                self._launches.draw(buffers, source, keys, steps + step)
            else:
                buffers.give([each.batches.draw(each.first + step) for each in wanted])
            self._launches.step(
                buffers, self._numbers, members, history, step, on_device[0][step], on_device[1][step]
            )
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

    def _members(self, slots: Sequence[int]) -> Tensor:
        return self._put(np.array(slots))

    def _put(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _training_buffers(self, *shape: int) -> Buffers:
        """Buffers of this shape, reused until another shape is needed."""
        if self._buffers is None or self._buffers.shape != shape:
            self._buffers = None  # freed first
            self._buffers = Buffers(self.layout, self._device, *shape, is_training=True)
        return self._buffers

    def _at_once(self, wanted: Sequence[_Request]) -> Iterator[Sequence[_Request]]:
        """The requests in parts that fit into memory."""
        source = wanted[0].batches
        count = self._capacity(source.positions, source.batch_size)
        return (wanted[begin : begin + count] for begin in range(0, len(wanted), count))

    def _capacity(self, positions: int, batch: int) -> int:
        return capacity(self.layout, self._device, positions, batch)
