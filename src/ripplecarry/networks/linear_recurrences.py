"""Cells whose gates see the input alone, so that the state enters each position linearly.

All gates of a sequence are one matrix product; only the recurrence goes through the positions. Nothing but
what the equations say stands between layers: each output multiplies two functions of the input, and so is
not linear in it. (Layers that were linear in their input would together be one linear layer.) Papers put
normalisation, convolutions or feed-forward layers there; these cells are the recurrences without them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import linear, logsigmoid, normalize, silu

from ripplecarry.axes import Float
from ripplecarry.networks.unrolled import LayerWeights, State

Gates = tuple[Tensor, ...]

_CHUNK = 64
"""As Yang et al. have it; the work for each position grows with it."""


@dataclass(frozen=True)
class Recurrence:
    """A cell in two parts."""

    gates: Callable[[Float[Tensor, "*positions rows"]], Gates]
    """What depends on the input alone, from its product with the weights, at one position or many."""
    advance: Callable[[Gates, State], State]
    """One position."""
    chunk: Callable[[Gates, State], State] | None = None
    """Several positions in products of matrices, where that is faster; of what comes back the hidden states
    have an axis for them."""

    def step(self, weights: LayerWeights, x: Float[Tensor, "batch features"], state: State) -> State:
        """The next state."""
        return self.advance(self.gates(linear(x, weights["weight_ih"], weights["bias_ih"])), state)

    def scan(
        self, weights: LayerWeights, x: Float[Tensor, "position batch features"], state: State
    ) -> tuple[Float[Tensor, "position batch hidden"], State]:
        """The hidden states of all positions, and the last state."""
        gates = self.gates(linear(x, weights["weight_ih"], weights["bias_ih"]))
        hidden = []
        if self.chunk is not None:
            for some in zip(*(gate.split(_CHUNK) for gate in gates), strict=True):
                each, *rest = self.chunk(some, state)
                hidden.append(each)
                state = (each[-1], *rest)
            return torch.cat(hidden), state
        for here in zip(*(gate.unbind() for gate in gates), strict=True):
            state = self.advance(here, state)
            hidden.append(state[0])
        return torch.stack(hidden), state


def _mingru_gates(rows: Tensor) -> Gates:
    """h_t = (1 - z_t) h_(t-1) + z_t c_t, where z_t = sigmoid(W_z x_t) and c_t = W_h x_t.

    Source: Feng et al. 2024, Were RNNs All We Needed?, section 3.1.2; with biases.
    """
    update, new = rows.chunk(2, dim=-1)
    update = torch.sigmoid(update)
    return 1 - update, update * new


def _minlstm_gates(rows: Tensor) -> Gates:
    """h_t = f'_t h_(t-1) + i'_t c_t, where f' = f / (f + i), i' = i / (f + i), f_t = sigmoid(W_f x_t),
    i_t = sigmoid(W_i x_t) and c_t = W_h x_t.

    Source: Feng et al. 2024, section 3.2.3, with biases. The quotient is a sigmoid of log f - log i, since
    both can round to zero.
    """
    entry, forget, new = rows.chunk(3, dim=-1)
    difference = logsigmoid(forget) - logsigmoid(entry)
    return torch.sigmoid(difference), torch.sigmoid(-difference) * new


def _keep_and_add(gates: Gates, state: State) -> State:
    keep, new = gates
    return (torch.addcmul(new, keep, state[0]),)


def _diagonal_gates(rows: Tensor) -> Gates:
    """m_t = a_t m_(t-1) + W_b x_t and h_t = m_t silu(W_g x_t), where a_t = sigmoid(W_a x_t).

    Source: equation 1 of Grazzi et al. 2025, Unlocking State-Tracking in Linear RNNs Through Negative
    Eigenvalues, with a diagonal A(x) and a linear B(x): scaled by 1 - |a|, an eigenvalue of -1 could not
    take anything up. Mamba's a_t is exp(-softplus(W x_t) exp(w)), this one at w = 0; the decoder is the
    output gate of Gu and Dao 2023, Mamba, section 3.4.
    """
    keep, new, shown = rows.chunk(3, dim=-1)
    return torch.sigmoid(keep), new, silu(shown)


def _diagonal_signed_gates(rows: Tensor) -> Gates:
    """The same with a_t = 2 sigmoid(W_a x_t) - 1, in [-1, 1] (Grazzi et al. 2025, equation 2)."""
    keep, new, shown = _diagonal_gates(rows)
    return 2 * keep - 1, new, shown


def _keep_add_and_show(gates: Gates, state: State) -> State:
    keep, new, shown = gates
    memory = torch.addcmul(new, keep, state[1])
    return memory * shown, memory


def _deltanet_gates(rows: Tensor) -> Gates:
    """S_t = S_(t-1) (I - b_t k_t k_t') + b_t v_t k_t' and h_t = S_t q_t, where q_t and k_t are silu(W x_t)
    scaled to length 1, v_t = silu(W_v x_t) and b_t = sigmoid(w_b x_t).

    Source: Yang et al. 2024, Parallelizing Linear Transformers with the Delta Rule over Sequence Length;
    one head, with biases, without the short convolutions, the norm of the output and its query's factor
    1 / sqrt(units), which the next layer's weights take up.
    """
    query, key, value = silu(rows[..., :-1]).chunk(3, dim=-1)
    return normalize(query, dim=-1), normalize(key, dim=-1), value, torch.sigmoid(rows[..., -1:])


def _deltanet_signed_gates(rows: Tensor) -> Gates:
    """The same with b_t = 2 sigmoid(w_b x_t), so that I - b k k' has an eigenvalue in [-1, 1]
    (Grazzi et al. 2025, equation 2)."""
    *others, strength = _deltanet_gates(rows)
    return *others, 2 * strength


def _delta_rule(gates: Gates, state: State) -> State:
    query, key, value, strength = gates
    matrix = state[1]
    recalled = (matrix @ key.unsqueeze(-1)).squeeze(-1)
    matrix = torch.baddbmm(matrix, (strength * (value - recalled)).unsqueeze(-1), key.unsqueeze(-2))
    return (matrix @ query.unsqueeze(-1)).squeeze(-1), matrix


def _delta_rule_of_chunk(gates: Gates, state: State) -> State:
    """All positions t of a chunk: S_t = S_0 + sum over j <= t of u_j k_j', where the u_t solve
    u_t + b_t sum over j < t of (k_t' k_j) u_j = b_t (v_t - S_0 k_t).

    Source: the WY form of Yang et al. 2024, section 3.
    """
    query, key, value, strength = (gate.transpose(0, 1) for gate in gates)
    before = state[1].transpose(1, 2)
    among = (strength * (key @ key.transpose(1, 2))).tril(-1)
    right = strength * (value - key @ before)
    written = torch.linalg.solve_triangular(among, right, upper=False, unitriangular=True)
    hidden = query @ before + (query @ key.transpose(1, 2)).tril() @ written
    return hidden.transpose(0, 1), state[1] + written.transpose(1, 2) @ key


RECURRENCES = {
    "mingru": Recurrence(_mingru_gates, _keep_and_add),
    "minlstm": Recurrence(_minlstm_gates, _keep_and_add),
    "diagonal": Recurrence(_diagonal_gates, _keep_add_and_show),
    "diagonal_signed": Recurrence(_diagonal_signed_gates, _keep_add_and_show),
    "deltanet": Recurrence(_deltanet_gates, _delta_rule, _delta_rule_of_chunk),
    "deltanet_signed": Recurrence(_deltanet_signed_gates, _delta_rule, _delta_rule_of_chunk),
}
