"""Training on a GPU as a user would write it: cuDNN's modules, one run at a time, plain or captured.

Operands are drawn and added on the device. The graph is PyTorch's own way around the cost of launches.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ripplecarry.runs.trial import Trial

Step = Callable[[], object]
_WARM_UP = 3
"""Steps before a capture, as PyTorch's documentation asks for."""


class _Network(nn.Module):
    def __init__(self, trial: Trial) -> None:
        super().__init__()
        module = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[trial.cell]
        self.embedding = nn.Embedding(trial.base, trial.embedding_size)
        self.stack = module(2 * trial.embedding_size, trial.hidden_size, trial.layers, batch_first=True)
        self.readout = nn.Linear(trial.hidden_size, trial.base)

    def forward(self, operands: Tensor) -> Tensor:
        return self.readout(self.stack(self.embedding(operands).flatten(2))[0])


def modules(trial: Trial, device: torch.device) -> Callable[[], Tensor]:
    """One step of one run, launch by launch; it returns the loss."""
    network, optimiser = _begin(trial, device, capturable=False)

    def step() -> Tensor:
        return _update(network, optimiser, *draw_sums(trial, device))

    return step


def captured(trial: Trial, device: torch.device) -> Step:
    """The same step, captured once and replayed."""
    network, optimiser = _begin(trial, device, capturable=True)
    side = torch.cuda.Stream(device)
    side.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(side):
        for _ in range(_WARM_UP):
            _update(network, optimiser, *draw_sums(trial, device))
    torch.cuda.current_stream(device).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        _update(network, optimiser, *draw_sums(trial, device))
    return graph.replay


def _begin(
    trial: Trial, device: torch.device, *, capturable: bool
) -> tuple[nn.Module, torch.optim.Optimizer]:
    network = _Network(trial).to(device)
    return network, torch.optim.Adam(network.parameters(), lr=trial.learning_rate, capturable=capturable)


def _update(
    network: nn.Module, optimiser: torch.optim.Optimizer, operands: Tensor, answers: Tensor
) -> Tensor:
    optimiser.zero_grad(set_to_none=False)
    logits = network(operands)
    loss = cross_entropy(logits.flatten(0, 1), answers.flatten())
    loss.backward()
    optimiser.step()
    return loss.detach()


def draw_sums(trial: Trial, device: torch.device) -> tuple[Tensor, Tensor]:
    """Random operands and the right answers."""
    shape = (trial.batch_size, trial.sequence_length, 2)
    operands = torch.randint(trial.base, shape, device=device)
    operands[:, trial.digits :] = 0
    totals = operands.sum(dim=-1)
    carry = torch.zeros(trial.batch_size, dtype=torch.int64, device=device)
    answers = []
    for position in range(trial.sequence_length):
        total = totals[:, position] + carry
        answers.append(total % trial.base)
        carry = total // trial.base
    return operands, torch.stack(answers, dim=1)
