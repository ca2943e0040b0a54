"""oneDNN's LSTM is used only where it is as near as proofs assume."""

import pytest
import torch
from torch import nn

from ripplecarry.networks.cells import CELLS
from ripplecarry.networks.onednn import is_lstm_accurate
from ripplecarry.networks.unrolled import Unrolled


def stack() -> nn.Module:
    return CELLS["lstm"].stack(input_size=5, hidden_size=7, num_layers=2)


@pytest.fixture
def set_error(monkeypatch):
    """Makes some of oneDNN's units compute a multiple of the exact values of one function."""

    def set_it(error, function="both", units=slice(None)):
        def layer(x, weights, *_, **__):
            name = "tanh" if weights.reshape(4, -1)[2].any() else "sigmoid"
            memory = getattr(torch, name)(x.double())
            if function in (name, "both"):
                memory[..., units] *= 1 + error
            return None, None, memory.float(), None

        monkeypatch.setattr(torch, "mkldnn_rnn_layer", layer)
        is_lstm_accurate.cache_clear()

    yield set_it
    is_lstm_accurate.cache_clear()


@pytest.mark.parametrize("error", [-0.8e-6, 0.8e-6])
def test_a_near_lstm_is_used(set_error, error):
    set_error(error)

    assert type(stack()) is nn.LSTM


@pytest.mark.parametrize("units", [slice(32), slice(32, None)], ids=["vectors", "tails"])
@pytest.mark.parametrize("function", ["tanh", "sigmoid"])
@pytest.mark.parametrize("error", [-1.1e-6, 1.1e-6, float("nan")])
def test_an_lstm_that_is_further_off_is_not(set_error, error, function, units):
    set_error(error, function, units)

    assert type(stack()) is Unrolled


def test_where_pytorch_has_another_operator_the_equations_are_used(set_error, monkeypatch):
    set_error(0)
    monkeypatch.delattr(torch, "mkldnn_rnn_layer")

    assert type(stack()) is Unrolled


def test_where_pytorch_has_no_onednn_its_own_lstm_is_used(set_error, monkeypatch):
    set_error(1)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)

    assert type(stack()) is nn.LSTM
