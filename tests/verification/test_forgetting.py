"""The estimate of how strongly a network forgets."""

from itertools import product

import numpy as np
import pytest
import torch
from hand_made_adders import exact_trial, exact_weights

from ripplecarry.arithmetic.tasks import addition
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import Architecture, parameter_shapes
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.verification.estimate_forgetting import estimate_forgetting
from ripplecarry.verification.forgetting import NUM_POSITIONS

SMALL = Architecture(cell="rnn", layers=1, hidden_size=4, embedding_size=2)


def scaled(factor: float) -> dict[str, np.ndarray]:
    """A network that stays at zero, where a difference is multiplied by the factor."""
    zero = {
        name: np.zeros(shape, np.float32) for name, shape in parameter_shapes(SMALL, addition(2)).items()
    }
    return zero | {"rnn.weight_hh_l0": factor * np.eye(4, dtype=np.float32)}


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_a_difference_that_every_position_multiplies_is_multiplied_so(factor):
    found = estimate_forgetting(SMALL, addition(2), scaled(factor))
    # The norms of carry 0 and 1 differ by a constant.
    per_position = np.array(found.ratios[1:]) / np.array(found.ratios[:-1])
    assert per_position == pytest.approx([factor] * (NUM_POSITIONS - 1), rel=1e-4)
    assert found.rate == pytest.approx(factor, rel=0.02)
    assert found.forgets == (factor < 1)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_beam_finds_nearly_the_worst_word_of_all(cell):
    """In the limit of long words the norm does not matter: the largest over all words of 8 positions, from
    states that words reach, has nearly the same rate in the Euclidean norm."""
    shape = SMALL.model_copy(update={"cell": cell})
    weights = {name: 2 * array for name, array in initial_weights(shape, addition(2), 3).items()}
    network = Adder.build(shape, addition(2), weights).double().requires_grad_(False)

    def last(parts: tuple[torch.Tensor, ...], word: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
        for symbol in word:
            parts = network.step(torch.tensor([[symbol % 2, symbol // 2]]), parts)[1]
        return parts

    worst = 0.0
    start = network.zero_state(1)
    for word in product(range(4), repeat=4):
        reached = last(start, word)
        jacobian = torch.autograd.functional.jacobian(
            lambda *parts, word=word: last(parts, word * 2), reached
        )
        rows = [torch.cat([block.reshape(4, 4) for block in row], 1) for row in jacobian]
        worst = max(worst, float(torch.linalg.matrix_norm(torch.cat(rows), 2)))
    found = estimate_forgetting(shape, addition(2), weights)
    assert found.rate > 0.85 * worst ** (1 / 8)


def test_a_saturated_network_forgets_at_once():
    """All its Jacobians are zero, in float32 at least."""
    found = estimate_forgetting(exact_trial(10), addition(10), exact_weights(10))

    assert max(found.ratios) < 1e-9


LAYERS_129 = SMALL.model_copy(update={"layers": 129})


@pytest.mark.parametrize(
    ("shape", "weights", "words"),
    [
        (LAYERS_129, initial_weights(LAYERS_129, addition(2), 0), "state has 516 numbers; at most 512"),
        (SMALL, scaled(1e38), "exceed what floats hold"),
        (SMALL, scaled(np.nan), "exceed what floats hold"),
    ],
)
def test_what_gets_no_estimate_is_told(shape, weights, words):
    with pytest.raises(ConfigurationError, match=words):
        estimate_forgetting(shape, addition(2), weights)
