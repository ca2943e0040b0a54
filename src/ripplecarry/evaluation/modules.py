"""PyTorch modules as adders."""

import numpy as np
import torch
from torch import nn

from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.adder import Adder


class ModuleAdder:
    """A module that answers digit by digit, least significant first.

    Args:
        module: called with two integer tensors of axes (batch, position), as the report's networks are, or,
            where it is an `Adder`, with one of axes (batch, position, operand). It returns logits: their
            last axis is the digit, those before it hold batch and position, in this order.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def logits(self, operands):
        """The logits of axes (batch, position, output)."""
        digits = torch.tensor(operands, dtype=torch.long)
        was_training = self._module.training
        self._module.eval()
        with torch.no_grad():
            if isinstance(self._module, Adder):
                found = self._module(digits)
            else:
                found = self._module(digits[:, :, 0], digits[:, :, 1])
        self._module.train(was_training)
        batch, length = operands.shape[:2]
        if not isinstance(found, torch.Tensor) or found.numel() % (batch * length):
            raise ConfigurationError(
                f"the module gave {_shape(found)} for operands of {batch} rows and {length} positions; "
                "it must give logits for every digit at each position"
            )
        return found.reshape(batch, length, -1).float().cpu().numpy()

    def answers(self, operands):
        """The largest logit's digit."""
        return self.logits(operands).argmax(axis=-1).astype(np.uint8)


def _shape(found: object) -> str:
    return f"axes {tuple(found.shape)}" if isinstance(found, torch.Tensor) else type(found).__name__
