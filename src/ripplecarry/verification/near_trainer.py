"""Training that stays near: a network learns to stand disturbances, at the least change of its weights."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import relu
from torch.nn.utils import clip_grad_norm_

from ripplecarry.arithmetic.batches import BatchSource
from ripplecarry.axes import Float, Integer
from ripplecarry.engines.reference import ReferenceTrainer
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.preactivations import PreactivationNetwork

GROWTH = 0.001
"""By which the disturbance grows from step to step."""
SHRINKING = 0.001
"""Of all singular values of W_hh but the first, at each step."""
LEAST_MARGIN = 5.0
"""Answers whose margin is larger change nothing."""
_LARGEST_GRADIENT, _RATE = 0.05, 0.6
_MOMENTUM = 0.8


class NearTrainer(ReferenceTrainer):
    """A network of one RNN layer that learns to be right though its preactivations are disturbed.

    In a set of sloped boxes preactivations are known only up to some width. So at every position each one
    is moved by the size of the disturbance, whichever way hurts the margins more (by the sign of the
    gradient, as in Goodfellow et al. 2015), and the size grows. Only margins that become too small have a
    gradient, so weights rest where the network stands the disturbance. All singular values of W_hh but the
    first shrink: they widen the sets, and the task needs little of them.
    """

    def __init__(self, architecture: Architecture, batches: BatchSource, weights: Weights) -> None:
        network = Adder.build(architecture, batches.task, weights)
        # Plain gradients take the short way; Adam would move every weight by as much.
        optimiser = torch.optim.SGD(network.parameters(), _RATE, momentum=_MOMENTUM, dampening=_MOMENTUM)
        super().__init__(network, optimiser, batches)
        self._cell = architecture.cell

    def _update(self) -> float:
        operands, answers = map(torch.tensor, self._batches.draw(self.step))
        answers = answers.long().T
        network = PreactivationNetwork.of(self._cell, dict(self.network.named_parameters()))
        none = torch.zeros(*answers.shape, network.hidden_size, requires_grad=True)
        (gradient,) = torch.autograd.grad(_margins(network.trace(operands, none)[0], answers).sum(), none)
        worst = -GROWTH * self.step * gradient.sign()
        self._optimiser.zero_grad()
        loss = relu(LEAST_MARGIN - _margins(network.trace(operands, worst)[0], answers)).mean()
        value = loss.item()
        if np.isfinite(value):
            loss.backward()
            clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
            self._optimiser.step()
            self._shrink(network.layers[0].from_hidden)
            self.step += 1
        return value

    def _shrink(self, recurrent: Float[Tensor, "hidden hidden"]) -> None:
        with torch.no_grad():
            left, sizes, right = torch.linalg.svd(recurrent)
            recurrent.lerp_(sizes[0] * torch.outer(left[:, 0], right[0]), SHRINKING)


def _margins(
    logits: Float[Tensor, "position batch output"], answers: Integer[Tensor, "position batch"]
) -> Float[Tensor, "position batch"]:
    right = answers[..., None]
    return logits.gather(-1, right)[..., 0] - logits.scatter(-1, right, -torch.inf).amax(-1)
