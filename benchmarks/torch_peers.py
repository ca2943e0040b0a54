"""PyTorch as a user would write it: `nn` modules with vectorised digits, compiled, and with digit lists."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.workload import Workload
from ripplecarry.runs.trial import Trial

Advance = Callable[[int], object]

_COMPILED_POSITIONS = 16
"""Most positions over which `torch.compile` unrolls a module; it calls it as it is for more."""


class _Network(nn.Module):
    def __init__(self, cell: str, layers: int = 2, *, batch_first: bool = False) -> None:
        super().__init__()
        self.embed_layer = nn.Embedding(10, 32)
        module = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
        self.rnn = module(64, 64, layers, batch_first=batch_first)
        self.dense = nn.Linear(64, 10)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        both = torch.cat([self.embed_layer(first), self.embed_layer(second)], dim=-1)
        return self.dense(self.rnn(both)[0])


def modules(workload: Workload) -> Advance:
    """`nn.RNN` and its kin with positions first and fused Adam, digits drawn and added as arrays."""
    return _training(_Network(workload.cell), lambda: _vectorised(workload.trial.digits), fused=True)


def compiled(workload: Workload) -> Advance:
    """The same through `torch.compile`, which takes minutes."""
    torch._dynamo.config.allow_rnn = workload.positions <= _COMPILED_POSITIONS  # noqa: SLF001 - its manual says so
    network = torch.compile(_Network(workload.cell))
    return _training(network, lambda: _vectorised(workload.trial.digits), fused=True)  # type: ignore[arg-type]


def digit_lists(workload: Workload) -> Advance:
    """The report's way: integers turned to lists of digits one by one in Python."""
    return digit_lists_of(workload.trial)


def digit_lists_of(trial: Trial) -> Advance:
    """The report's way for any of its trials."""
    network = _Network(trial.cell, trial.layers, batch_first=True)
    return _training(network, lambda: _listed(trial.digits), fused=False)


def _training(network: nn.Module, draw: Callable[[], list[Tensor]], *, fused: bool) -> Advance:
    optimiser = torch.optim.Adam(network.parameters(), lr=0.001, fused=fused)

    def advance(num_steps: int) -> None:
        for _ in range(num_steps):
            first, second, answers = draw()
            optimiser.zero_grad()
            loss = cross_entropy(network(first, second).reshape(-1, 10), answers.reshape(-1))
            loss.backward()
            optimiser.step()
            loss.item()

    return advance


def _vectorised(digits: int) -> list[Tensor]:
    operands = np.zeros((2, digits + 2, 200), dtype=np.int64)
    operands[:, :digits] = np.random.randint(0, 10, (2, digits, 200))
    sums, carry = operands.sum(axis=0), np.zeros(200, dtype=np.int64)
    for total in sums:
        carry, total[:] = np.divmod(total + carry, 10)
    return [torch.from_numpy(part) for part in (*operands, sums)]


def _listed(digits: int) -> list[Tensor]:
    columns = [
        [int("".join(map(str, np.random.randint(0, 10, digits)))) for _ in range(200)] for _ in range(2)
    ]
    columns.append([a + b for a, b in zip(*columns, strict=True)])
    rows = [[[int(c) for c in str(n)][::-1] for n in column] for column in columns]
    return [torch.tensor([r + [0] * (digits + 2 - len(r)) for r in column]) for column in rows]
