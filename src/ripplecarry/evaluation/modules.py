"""PyTorch modules as adders."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import nn

from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.adder import Adder


class ModuleAdder:
    """A module that answers digit by digit, least significant first.

    Args:
        module: called with two integer tensors with axes (batch, position), as the report's networks are,
            or, if it is an `Adder`, with one with axes (batch, position, operand). It returns logits: their
            last axis is the digit, the axes before it are batch and position, in this order.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def logits(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> Float[np.ndarray, "batch position output"]:
        """The logits, with axes (batch, position, output)."""
        digits = torch.tensor(operands, dtype=torch.long)
        was_training = self._module.training
        self._module.eval()
        inputs = (digits,) if isinstance(self._module, Adder) else (digits[:, :, 0], digits[:, :, 1])
        try:
            with torch.no_grad():
                found = self._module(*inputs)
        except Exception as error:  # whatever another's code raises
            shapes = " and ".join(str(tuple(each.shape)) for each in inputs)
            raise ConfigurationError(
                f"the module failed on digits of shape {shapes}: {type(error).__name__}: {error}"
            ) from None
        finally:
            self._module.train(was_training)
        batch, length = operands.shape[:2]
        if not isinstance(found, torch.Tensor) or found.numel() % (batch * length):
            raise ConfigurationError(
                f"the module gave {_shape(found)} for operands of {batch} rows and {length} positions; "
                "it must give logits for every digit at each position"
            )
        return found.reshape(batch, length, -1).float().cpu().numpy()

    def answers(
        self, operands: UInt8[np.ndarray, "batch position operand"]
    ) -> UInt8[np.ndarray, "batch position"]:
        """The digit with the largest logit."""
        return self.logits(operands).argmax(axis=-1).astype(np.uint8)


def _shape(found: object) -> str:
    return f"axes {tuple(found.shape)}" if isinstance(found, torch.Tensor) else type(found).__name__
