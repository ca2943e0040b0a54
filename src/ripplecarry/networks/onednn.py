"""Whether oneDNN's LSTM, which is PyTorch's on a processor, is as accurate as proofs assume."""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

LARGEST_ERROR = 2.0**-20
"""The relative error of sigmoid and tanh that proofs allow for."""

_UNITS = 33  # whole vectors of any instruction set, and one number after them
_ROWS = 64
_LSTM = 2  # its number among PyTorch's recurrent modes
_ENTRY, _NEW = 0, 2  # gates, in PyTorch's order


@cache
def is_lstm_accurate() -> bool:
    """Whether `nn.LSTM` computes sigmoid and tanh within the error that proofs allow for.

    oneDNN takes the newest instructions that the processor has and that ONEDNN_MAX_CPU_ISA allowed when it
    was first called. Before AVX2 there is no fused multiply-add, without which it loses digits where it
    makes an exponential's argument small: sigmoids near -70 are off by 4e-6. What it took shows only in its
    results. The operator itself is called here: whether `nn.LSTM` calls it depends on a flag of the whole
    process that can change at any time.
    """
    if not torch.backends.mkldnn.is_available():
        return True  # PyTorch's own functions compute nn.LSTM
    below, around = (
        np.linspace(low, high, _ROWS * _UNITS, dtype=np.float32).reshape(_ROWS, _UNITS)
        for low, high in ((-80, 20), (-10, 10))
    )
    sigmoids = 1 / (1 + np.exp(-below.astype(np.float64)))
    return _is_near(_ENTRY, below, sigmoids) and _is_near(_NEW, around, np.tanh(around.astype(np.float64)))


def _is_near(gate: int, rows: NDArray[np.float32], exact: NDArray[np.float64]) -> bool:
    try:
        found = _inside_lstm(gate, rows)
    except (AttributeError, RuntimeError, TypeError):  # a PyTorch in which the operator is another
        return False
    return bool((np.abs(found - exact) <= LARGEST_ERROR * np.abs(exact)).all())


def _inside_lstm(gate: int, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The memory after one position, sigmoid(entry) tanh(new), as a function of this gate alone."""
    weights = np.zeros((4, _UNITS, _UNITS), dtype=np.float32)
    weights[gate] = np.eye(_UNITS)
    biases = np.full((4, _UNITS), 200, dtype=np.float32)  # whose sigmoid and tanh are 1
    biases[gate] = 0
    zeros = [np.zeros(size, dtype=np.float32) for size in (weights.shape, biases.shape, (1, *rows.shape))]
    x, from_input, input_bias, from_hidden, hidden_bias, state = map(
        torch.from_numpy, (rows[None], weights, biases, *zeros)
    )
    with torch.inference_mode():
        _, _, memory, _ = torch.mkldnn_rnn_layer(
            x,
            from_input.flatten(0, 1),
            from_hidden.flatten(0, 1),
            input_bias.flatten(),
            hidden_bias.flatten(),
            state,
            state,
            reverse=False,
            batch_sizes=[],
            mode=_LSTM,
            hidden_size=_UNITS,
            num_layers=1,
            has_biases=True,
            bidirectional=False,
            batch_first=False,
            train=False,
        )
    return memory.numpy().reshape(rows.shape)
