"""The report's networks, training and comparisons.

Accuracy is read at the training length; the report's own reading was on 9-digit numbers always.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # a script, which is often run from within the folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from ripplecarry.ctrl_c import CtrlC

    def _script() -> int:
        from handout import pt  # this file, whose imports take seconds

        return pt.main(sys.argv[1:])

    sys.exit(CtrlC("pt.py").run(_script))

import numpy as np
import torch
from torch import Tensor, nn

from handout.data import gen_data_batch, prepare_batch, results_converter
from ripplecarry.arithmetic.batches import Batch
from ripplecarry.arithmetic.tasks import EXTRA_POSITIONS
from ripplecarry.engines.engine import Computation
from ripplecarry.engines.reference import ReferenceTrainer, mean_cross_entropy
from ripplecarry.networks.adder import Adder
from ripplecarry.reports.curve_figures import draw_lines
from ripplecarry.training import loop
from ripplecarry.training.curves import Curves

DigitRows = Tensor | Sequence[Sequence[int]]

BATCH_SIZE = 200
CASES = {
    1: ("layers", (1, 2, 3, 4)),
    2: ("nums", (10, 20, 50, 100, 200)),
    3: ("lrs", (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1)),
    4: ("models", ("RNN", "LSTM", "GRU")),
}


class _PairModel(Adder):
    """The package's network with the course's call."""

    def forward(self, num1: Tensor, num2: Tensor) -> Tensor:  # type: ignore[override]
        """Logits (batch, position, 10) from two digit tensors (batch, position)."""
        return self.run(torch.stack([num1, num2], dim=-1))[0]


class myPTRNNModel(_PairModel):
    """Two layers of RNN."""

    def __init__(self) -> None:
        super().__init__()


class myAdvPTRNNModel(_PairModel):
    """Any number of layers of `RNN`, `LSTM` or `GRU`."""

    def __init__(self, layers: int = 2, model: str = "RNN") -> None:
        if model not in ("RNN", "LSTM", "GRU"):
            raise ValueError(f"unknown model {model!r}; choose from RNN, LSTM, GRU")
        super().__init__(cell=model.lower(), layers=layers)


def compute_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, the mean over all positions and the batch."""
    return mean_cross_entropy(logits, labels)


def train_one_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: DigitRows,
    y: DigitRows,
    label: DigitRows,
) -> float:
    """One update on digit lists or tensors; the loss before it."""
    optimizer.zero_grad()
    loss = compute_loss(model(torch.as_tensor(x), torch.as_tensor(y)), torch.as_tensor(label))
    loss.backward()
    optimizer.step()
    return loss.item()


def train(steps: int, model: nn.Module, optimizer: torch.optim.Optimizer, maxlen: int = 9) -> float:
    """Trains on fresh numbers of up to `maxlen` digits, 10**maxlen included; the last loss.

    Prints loss and accuracy at every 50th step and leaves them all in `model.losses`, `model.acc`.
    """
    trainer = ReferenceTrainer(_OneInput(model), optimizer, _CourseBatches(maxlen), compute_loss)
    curves = Curves()

    def observe(_: Computation, step: int) -> dict[str, float]:
        print("step", step, ": loss", curves.latest("loss"))
        return {"accuracy": evaluate(model, maxlen)}

    loop.train(trainer, steps, observe, curves)
    columns = curves.columns()
    accuracies = columns["accuracy"][:: loop.READ_EVERY]
    model.losses, model.acc = columns["loss"].tolist(), accuracies.tolist()  # type: ignore
    return model.losses[-1]  # type: ignore


def evaluate(model: nn.Module, maxlen: int = 9, batch_size: int = 1000) -> float:
    """The share of `batch_size` sums right in every digit, which it prints."""
    first, second, sums = gen_data_batch(batch_size, 0, 10**maxlen)
    digits = prepare_batch(first, second, sums, maxlen + EXTRA_POSITIONS)
    with torch.no_grad():
        logits = model(torch.tensor(digits[0]), torch.tensor(digits[1]))
    answers = results_converter(logits.argmax(dim=-1).numpy())
    accuracy = float(np.mean([ours == right for ours, right in zip(answers, sums, strict=True)]))
    print(f"accuracy is: {accuracy:g}")
    return accuracy


def pt_main(lr: float = 0.001) -> tuple[list[float], list[float]]:
    """Trains the plain network and leaves RNN-loss.png and RNN-acc.png; losses and accuracies."""
    model = myPTRNNModel()
    train(2000, model, torch.optim.Adam(model.parameters(), lr=lr))
    _draw("RNN", {"RNN": (model.losses, model.acc)}, "model")  # type: ignore
    return model.losses, model.acc  # type: ignore


def pt_adv_main(
    m: str = "RNN", maxlen: int = 9, epochs: int = 2000, layers: int = 2, lr: float = 0.001
) -> tuple[list[float], list[float]]:
    """Trains the adjustable network for `epochs` steps; losses and accuracies."""
    model = myAdvPTRNNModel(layers=layers, model=m)
    train(epochs, model, torch.optim.Adam(model.parameters(), lr=lr), maxlen)
    return model.losses, model.acc  # type: ignore


def train_test(case: int = 1) -> None:
    """One of the report's comparisons: 1 layers, 2 digits, 3 learning rate, 4 cell.

    Leaves test-layers-loss.png and test-layers-acc.png in this folder, and likewise test-nums-,
    test-lrs- and test-models-.
    """
    name, values = CASES[case]
    fixed = {"epochs": 1000 if name == "nums" else 500} | ({"maxlen": 14} if name == "layers" else {})
    varied = {"layers": "layers", "nums": "maxlen", "lrs": "lr", "models": "m"}[name]
    results = {}
    for value in values:
        print(f"{name}: {value}")
        results[str(value)] = pt_adv_main(**fixed | {varied: value})  # type: ignore
    _draw(f"test-{name}", results, name)


class _OneInput(nn.Module):
    """A network of two inputs behind one: operands on the last axis."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, digits: Tensor) -> Tensor:
        return self.network(digits[..., 0].long(), digits[..., 1].long())


class _CourseBatches:
    """The course's operands, which include 10**maxlen itself, from NumPy's global generator."""

    def __init__(self, maxlen: int) -> None:
        self._maxlen = maxlen

    def draw(self, step: int) -> Batch:
        numbers = gen_data_batch(BATCH_SIZE, 0, 10**self._maxlen)
        first, second, sums = prepare_batch(*numbers, self._maxlen + EXTRA_POSITIONS)
        operands = np.stack([np.array(first), np.array(second)], axis=-1).astype(np.uint8)
        return Batch(operands, np.array(sums, dtype=np.uint8))


def _draw(stem: str, results: dict[str, tuple[list[float], list[float]]], title: str) -> None:
    losses = {label: (range(len(loss)), loss) for label, (loss, _) in results.items()}
    every = loop.READ_EVERY
    accuracies = {
        label: (range(0, every * len(accuracy), every), accuracy)
        for label, (_, accuracy) in results.items()
    }
    draw_lines(losses, "loss", title, Path(f"{stem}-loss.png"))
    draw_lines(accuracies, "accuracy", title, Path(f"{stem}-acc.png"))


def main(arguments: list[str]) -> int:
    chosen = arguments or [str(case) for case in CASES]
    if not all(each.isdecimal() and int(each) in CASES for each in chosen):
        print(f"pt.py: unknown case {' '.join(chosen)}; choose from 1, 2, 3, 4", file=sys.stderr)
        return 2
    for each in chosen:
        train_test(int(each))
    return 0
