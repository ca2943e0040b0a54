"""PyTorch modules as adders."""

from math import inf
from typing import Any

import numpy as np
import torch
from torch import nn

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, UInt8
from ripplecarry.errors import ConfigurationError
from ripplecarry.evaluation.adders import NO_DIGIT
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights
from ripplecarry.user_code import TimeLimit, TimeUp, complaint


class ModuleAdder:
    """A module that answers digit by digit, least significant first.

    Args:
        module: called with two integer tensors with axes (batch, position), as the report's networks are,
            or, if it is an `Adder`, with one with axes (batch, position, operand). It returns logits with
            axes (batch, position, digit), or both first in one. More logits than digits are allowed.
        base: of the digits.
        limit: how long all calls may take.
    """

    def __init__(self, module: nn.Module, base: int = 10, limit: TimeLimit | None = None) -> None:
        self._module, self._base, self._limit = module, base, limit or TimeLimit(inf)
        parameter = next(module.parameters(), None)
        self._device = "cpu" if parameter is None else parameter.device

    def logits(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> Float[np.ndarray, "batch position output"]:
        """The logits, with axes (batch, position, output)."""
        digits = torch.tensor(operands, dtype=torch.long, device=self._device)
        was_training = self._module.training
        self._module.eval()
        inputs = (digits,) if isinstance(self._module, Adder) else (digits[:, :, 0], digits[:, :, 1])
        try:
            with self._limit.running(), torch.no_grad():
                found = self._call(inputs)
        finally:
            self._module.train(was_training)
        batch, length = operands.shape[:2]
        if not self._are_logits(found, batch, length):
            raise ConfigurationError(
                f"the module gave {_shape(found)} for operands of {batch} rows and {length} positions; it "
                f"must give logits with axes (row, position, digit), for {self._base} digits or more"
            )
        return found.reshape(batch, length, -1).float().cpu().numpy()

    def _call(self, inputs: tuple[torch.Tensor, ...]) -> Any:
        try:
            return self._module(*inputs)
        except (KeyboardInterrupt, TimeUp):
            raise
        except BaseException as error:  # whatever another's code raises
            shapes = " and ".join(str(tuple(each.shape)) for each in inputs)
            raise ConfigurationError(
                f"the module failed on digits of shape {shapes}: {complaint(error)}"
            ) from None

    def answers(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> UInt8[np.ndarray, "batch position"]:
        """The digit with the largest logit; no digit where a logit is not a number, or beyond 255."""
        logits = self.logits(operands)
        chosen = np.minimum(logits.argmax(axis=-1), NO_DIGIT)
        return np.where(np.isnan(logits).any(axis=-1), NO_DIGIT, chosen).astype(np.uint8)

    def _are_logits(self, found: object, batch: int, length: int) -> bool:
        return (
            isinstance(found, torch.Tensor)
            and found.layout is torch.strided
            and not found.is_complex()
            and found.shape[:-1] in ((batch, length), (batch * length,))
            and found.shape[-1] >= self._base
        )


def relu_adder(architecture: Architecture, task: Task, weights: Weights) -> Adder:
    """The network with ReLU in place of tanh, which no engine computes."""
    network = Adder.build(architecture, task)
    layers = network.rnn
    network.rnn = nn.RNN(layers.input_size, layers.hidden_size, layers.num_layers, nonlinearity="relu")
    network.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return network


def _shape(found: object) -> str:
    if not isinstance(found, torch.Tensor):
        return type(found).__name__
    return f"axes {tuple(found.shape)} of {str(found.dtype).removeprefix('torch.')}"
