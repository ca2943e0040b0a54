"""Time of one training step beside a plain PyTorch loop, interleaved, as medians and ratios.

    python benchmarks/training_step.py

The report's baseline: batch 200, two layers of 64 tanh units, Adam. `ours` is the reference engine
with its own operands; `plain` the loop a user would write with vectorised digits; `digit lists` the
report's way, with Python lists of digits.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from ripplecarry.engines.registry import open_engine
from ripplecarry.lab.environment import processor_name
from ripplecarry.lab.trial import Trial
from ripplecarry.networks.initial_values import initial_weights

ROUNDS = 15


class PlainNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed_layer = nn.Embedding(10, 32)
        self.rnn = nn.RNN(64, 64, 2, batch_first=True)
        self.dense = nn.Linear(64, 10)

    def forward(self, num1: torch.Tensor, num2: torch.Tensor) -> torch.Tensor:
        both = torch.cat([self.embed_layer(num1), self.embed_layer(num2)], dim=-1)
        return self.dense(self.rnn(both)[0])


def plain_step(draw: Callable[[], list[torch.Tensor]]) -> Callable[[], object]:
    network = PlainNetwork()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.001)
    loss_of = nn.CrossEntropyLoss()

    def step() -> None:
        first, second, answers = draw()
        optimiser.zero_grad()
        logits = network(first, second)
        loss = loss_of(logits.reshape(-1, 10), answers.reshape(-1))
        loss.backward()
        optimiser.step()
        loss.item()

    return step


def vectorised(digits: int) -> list[torch.Tensor]:
    operands = np.zeros((2, 200, digits + 2), dtype=np.int64)
    operands[:, :, :digits] = np.random.randint(0, 10, (2, 200, digits))
    sums, carry = operands.sum(axis=0), np.zeros(200, dtype=np.int64)
    for position in range(digits + 2):
        carry, sums[:, position] = np.divmod(sums[:, position] + carry, 10)
    return [torch.from_numpy(part) for part in (*operands, sums)]


def digit_lists(digits: int) -> list[torch.Tensor]:
    numbers = [
        [int("".join(map(str, np.random.randint(0, 10, digits)))) for _ in range(200)] for _ in range(2)
    ]
    numbers.append([a + b for a, b in zip(*numbers, strict=True)])
    rows = [[[int(c) for c in str(n)][::-1] for n in column] for column in numbers]
    return [torch.tensor([r + [0] * (digits + 2 - len(r)) for r in column]) for column in rows]


def our_step(digits: int) -> Callable[[], object]:
    trial = Trial(digits=digits)
    trainer = open_engine().trainer(
        trial, trial, trial.training_batches(0), initial_weights(trial, trial.build_task(), 0)
    )
    return lambda: trainer.advance(1)


def main() -> None:
    torch.set_num_threads(1)
    print(f"{processor_name()}, one thread; ms per step, median of {ROUNDS}")
    for digits in (9, 200):
        steps = {
            "ours": our_step(digits),
            "plain": plain_step(lambda digits=digits: vectorised(digits)),
            "digit lists": plain_step(lambda digits=digits: digit_lists(digits)),
        }
        times: dict[str, list[float]] = {name: [] for name in steps}
        repeats = 20 if digits == 9 else 2
        for _ in range(ROUNDS):
            for name, step in steps.items():
                began = time.perf_counter()
                for _ in range(repeats):
                    step()
                times[name].append((time.perf_counter() - began) / repeats * 1e3)
        medians = {name: statistics.median(values) for name, values in times.items()}
        for name, median in medians.items():
            ratio = median / medians["ours"]
            print(f"{digits + 2:4} positions  {name:12} {median:8.2f} ms  {ratio:5.2f} x ours")


if __name__ == "__main__":
    main()
