"""Linear recurrences against the equations of published implementations, which are arranged otherwise:
in logarithms, with matrices the other way round, or as a state space."""

import numpy as np
import pytest
import torch

from ripplecarry.networks.architecture import CELL_SHAPES
from ripplecarry.networks.cells import CELLS

POSITIONS, FEATURES, UNITS = 80, 3, 4


def softplus(x):
    return np.logaddexp(0, x)


def silu(x):
    return x * np.exp(-softplus(-x))


def log_scan(log_keep, log_new):
    """exp(sum of log_keep) times the running sum of what is added, each divided by that product."""
    kept = log_keep.cumsum(axis=0)
    return np.exp(kept + np.logaddexp.accumulate(log_new - kept, axis=0))


def log_candidate(x):
    """log g, where g is x + 1/2 from 0 on and the sigmoid below: the published states are positive."""
    return np.where(x >= 0, np.log(np.maximum(x, 0) + 0.5), -softplus(-x))


def mingru(gate, candidate):
    """minGRU_pytorch/minGRU.py of lucidrains/minGRU-pytorch, which is appendix B.3 of Feng et al. 2024."""
    return log_scan(-softplus(gate), -softplus(-gate) + log_candidate(candidate))


def minlstm(entry, forget, candidate):
    """minGRU_pytorch/minLSTM.py of the same."""
    difference = softplus(-forget) - softplus(-entry)
    return log_scan(-softplus(difference), -softplus(-difference) + log_candidate(candidate))


def selective_scan(u, delta, a, b, c, z, is_signed):
    """mamba_dev/mamba_ssm/ops/selective_scan_interface.py of automl/unlocking_state_tracking, one state a
    unit: its 2 exp(delta A) - 1 is Mamba's exp(delta A) with a wider range."""
    state, outputs = np.zeros_like(u[0]), []
    for t in range(len(u)):
        keep = np.exp(softplus(delta[t]) * a)
        state = (2 * keep - 1 if is_signed else keep) * state + softplus(delta[t]) * b[t] * u[t]
        outputs.append(c[t] * state * silu(z[t]))
    return np.stack(outputs)


def delta_rule(query, key, value, strength, is_signed):
    """fla/ops/delta_rule/naive.py and fla/layers/delta_net.py of fla-org/flash-linear-attention, whose
    allow_neg_eigval is Grazzi et al. 2025: the state is keys by values, queries are over the root of their
    size."""
    state, outputs = np.zeros((UNITS, UNITS)), []
    for t in range(len(query)):
        q, k, v = silu(query[t]), silu(key[t]), silu(value[t])
        q, k = q / np.sqrt((q**2).sum()), k / np.sqrt((k**2).sum())
        beta = (2 if is_signed else 1) * np.exp(-softplus(-strength[t]))
        state = state + np.outer(k, beta * (v - k @ state))
        outputs.append(q @ state / np.sqrt(UNITS))
    return np.stack(outputs)


def rows_and_states(cell):
    """What a layer with set weights computes from its input alone, and its hidden states."""
    layer = CELLS[cell].stack(input_size=FEATURES, hidden_size=UNITS, num_layers=1).double()
    weights = dict(layer.named_parameters())
    num_rows = CELL_SHAPES[cell].parameters(FEATURES, UNITS)["weight_ih"][0]
    with torch.no_grad():
        weights["weight_ih_l0"].copy_(torch.sin(torch.arange(num_rows * FEATURES).reshape(num_rows, -1)))
        weights["bias_ih_l0"].copy_(torch.cos(torch.arange(num_rows)))
        x = torch.sin(torch.arange(POSITIONS * FEATURES).double() ** 2).reshape(POSITIONS, 1, FEATURES)
        rows = x @ weights["weight_ih_l0"].T + weights["bias_ih_l0"]
        return rows[:, 0].numpy(), layer(x)[0][:, 0].numpy()


def published(cell, rows):
    """The states that the published equations give for the same rows."""
    if cell in ("mingru", "minlstm"):
        *gates, candidate = np.split(rows, 2 if cell == "mingru" else 3, axis=-1)
        compute = mingru if cell == "mingru" else minlstm
        # g(part + 1/2) is part + 1; states are linear in it, so that the ones cancel
        up, down = (compute(*gates, np.maximum(part, 0) + 0.5) for part in (candidate, -candidate))
        return up - down
    if cell.startswith("diagonal"):
        a, new, shown = np.split(rows, 3, axis=-1)
        one = np.ones_like(a)
        return selective_scan(new / softplus(-a), -a, -1, one, one, shown, cell.endswith("signed"))
    *three, strength = np.split(rows, [UNITS, 2 * UNITS, 3 * UNITS], axis=-1)
    return delta_rule(*three, strength[:, 0], cell.endswith("signed")) * np.sqrt(UNITS)


@pytest.mark.parametrize(
    "cell", ["mingru", "minlstm", "diagonal", "diagonal_signed", "deltanet", "deltanet_signed"]
)
def test_a_layer_has_the_numbers_of_a_published_implementation(cell):
    rows, states = rows_and_states(cell)

    np.testing.assert_allclose(states, published(cell, rows), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cell", ["diagonal", "deltanet"])
def test_the_ranges_of_eigenvalues_give_other_numbers(cell):
    rows, states = rows_and_states(cell)

    assert not np.allclose(states, published(f"{cell}_signed", rows), atol=0.1)
