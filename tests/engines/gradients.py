"""How far an engine's gradients are from autograd's in float64."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from ripplecarry.arithmetic.batches import Batch
from ripplecarry.engines.engine import Engine, Trainer
from ripplecarry.engines.reference import mean_cross_entropy
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial


def trials(
    *,
    layers: int,
    hidden: int,
    embedding: int,
    digits: int,
    batch: int,
    cells: Sequence[str] = ("rnn", "gru", "lstm"),
) -> st.SearchStrategy[Trial]:
    """Additions in any base of up to three operands, by these cells, of sizes from 1 to these."""
    return st.builds(
        Trial,
        cell=st.sampled_from(cells),
        layers=st.integers(1, layers),
        hidden_size=st.integers(1, hidden),
        embedding_size=st.integers(1, embedding),
        base=st.integers(2, 36),
        num_operands=st.integers(1, 3),
        digits=st.integers(1, digits),
        batch_size=st.integers(1, batch),
    )


def start(engine: Engine, trial: Trial, seed: int = 0) -> Trainer:
    """A trainer of a trial at its first step."""
    weights = initial_weights(trial, trial.build_task(), seed)
    return engine.trainer(trial, trial, trial.training_batches(seed), weights)


def distances(engine: Engine, trial: Trial) -> tuple[float, float]:
    """The worst parameter's relative distance from float64 autograd: the engine's, and float32's."""
    trainer = start(engine, trial, 1)
    batch = trial.training_batches(0).draw(5)
    right, right_loss = autograd(trial, batch, torch.float64)
    theirs, _ = autograd(trial, batch, torch.float32)

    loss, found = trainer.gradients(batch.operands, batch.answers)  # pyrefly: ignore[missing-attribute]

    assert loss == pytest.approx(right_loss, rel=1e-6)

    def worst(gradients):
        return max(
            float(np.linalg.norm(gradients[name] - value) / max(np.linalg.norm(value), 1e-12))
            for name, value in right.items()
        )

    return worst(found), worst(theirs)


def autograd(trial: Trial, batch: Batch, dtype: torch.dtype) -> tuple[dict[str, np.ndarray], float]:
    """PyTorch's gradient of the mean loss by parameter name, and the loss."""
    weights = initial_weights(trial, trial.build_task(), 1)
    network = Adder.build(trial, trial.build_task(), weights).to(dtype)
    loss = mean_cross_entropy(network(torch.tensor(batch.operands)), torch.tensor(batch.answers).long())
    loss.backward()
    named = network.named_parameters()
    return {name: p.grad.double().numpy() for name, p in named if p.grad is not None}, loss.item()
