"""The peers train as the reference does: equal work, equal weights."""

from importlib import import_module

import numpy as np
import pytest
import torch

from ripplecarry.arithmetic.batches import Batch
from ripplecarry.engines.reference import ReferenceTrainer
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.runs.trial import Trial

NUM_STEPS = 8


class _Given:
    def __init__(self, batches: list[Batch]) -> None:
        self._batches = batches

    def draw(self, step: int) -> Batch:
        return self._batches[step]


def agrees(trial: Trial, batches: list[Batch], losses: list[float], weights: Weights) -> None:
    """Checks sums, losses and weights against the reference on the same batches."""
    start = initial_weights(trial, trial.build_task(), 0)
    network = Adder.build(trial, trial.build_task(), start)
    reference = ReferenceTrainer(network, torch.optim.Adam(network.parameters(), lr=0.001), _Given(batches))
    for operands, answers in batches:
        powers = [10**position for position in range(trial.sequence_length)]
        assert operands.max() == 9
        assert (operands @ [1, 1] @ powers == answers @ powers).all()

    np.testing.assert_allclose(losses, reference.advance(len(batches)), rtol=1e-5)
    for name, value in reference.weights().items():
        np.testing.assert_allclose(weights[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
        assert not np.allclose(value, start[name], rtol=1e-4, atol=1e-6)  # all of it was trained


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("peer", ["numba", "jax"])
def test_a_peer_trains_as_the_reference_does(peer, cell):
    pytest.importorskip(peer)
    trial = Trial(cell=cell, hidden_size=12, embedding_size=5, batch_size=80, digits=15)
    training = import_module(f"benchmarks.{peer}_peer").Training(trial)
    batches, losses = [], []
    for _ in range(NUM_STEPS):
        batches.append(training.draw())
        losses.append(training.learn())

    agrees(trial, batches, losses, training.weights())
