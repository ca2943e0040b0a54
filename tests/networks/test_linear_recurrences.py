"""Linear recurrences against their papers' definitions, written out with explicit products and matrices."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture
from ripplecarry.networks.cells import CELLS
from ripplecarry.networks.linear_recurrences import RECURRENCES

POSITIONS, ROWS, FEATURES, UNITS = 70, 2, 3, 4


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def closed_form(keep, new):
    """The sum of all inputs, each times the product of all later factors."""
    return np.stack(
        [sum(np.prod(keep[j + 1 : t + 1], axis=0) * new[j] for j in range(t + 1)) for t in range(len(keep))]
    )


def mingru(rows):
    z, new = np.split(rows, 2, axis=-1)
    return closed_form(1 - sigmoid(z), sigmoid(z) * new)


def minlstm(rows):
    i, f, new = np.split(rows, 3, axis=-1)
    i, f = sigmoid(i), sigmoid(f)
    return closed_form(f / (f + i), i / (f + i) * new)


def diagonal(rows, low=0):
    a, new, shown = np.split(rows, 3, axis=-1)
    return closed_form(low + (1 - low) * sigmoid(a), new) * silu(shown)


def deltanet(rows, most=1):
    hidden = np.zeros((*rows.shape[:2], UNITS))
    for row in range(rows.shape[1]):
        matrix = np.zeros((UNITS, UNITS))
        for position, here in enumerate(rows[:, row]):
            q, k, v = np.split(silu(here[:-1]), 3)
            q, k, b = q / np.linalg.norm(q), k / np.linalg.norm(k), most * sigmoid(here[-1])
            matrix = matrix @ (np.eye(UNITS) - b * np.outer(k, k)) + b * np.outer(v, k)
            hidden[position, row] = matrix @ q
    return hidden


DEFINITIONS = {
    "mingru": mingru,
    "minlstm": minlstm,
    "diagonal": diagonal,
    "diagonal_signed": lambda rows: diagonal(rows, low=-1),
    "deltanet": deltanet,
    "deltanet_signed": lambda rows: deltanet(rows, most=2),
}


def stack(cell, layers=1):
    torch.manual_seed(3)
    return CELLS[cell].stack(input_size=FEATURES, hidden_size=UNITS, num_layers=layers).double()


@pytest.mark.parametrize("cell", RECURRENCES)
def test_a_layer_is_its_papers_definition(cell):
    layer, x = stack(cell), torch.randn(POSITIONS, ROWS, FEATURES).double()
    rows = x @ layer.weight_ih_l0.T + layer.bias_ih_l0

    hidden, _ = layer(x)

    np.testing.assert_allclose(hidden.detach(), DEFINITIONS[cell](rows.detach().numpy()), atol=1e-12)


@pytest.mark.parametrize("cell", RECURRENCES)
def test_gradients_are_those_of_finite_differences(cell):
    layers = stack(cell, layers=2)
    x = torch.randn(3, ROWS, FEATURES).double().requires_grad_()
    names, values = zip(*layers.named_parameters(), strict=True)

    def run(x, *values):
        return torch.func.functional_call(layers, dict(zip(names, values, strict=True)), (x,))[0]

    assert torch.autograd.gradcheck(run, (x, *values))


@pytest.mark.parametrize("sign", [-1, 1])
def test_gates_that_round_to_zero_leave_minlstm_finite(sign):
    rows = torch.full((2, 1, 3), sign * 200.0)

    keep, new = RECURRENCES["minlstm"].gates(rows)

    assert (keep == 0.5).all()
    assert (new == 0.5 * rows[..., -1:]).all()


def parity(strength: list[float], value: list[float]) -> dict[str, np.ndarray]:
    """Weights of one unit: the row that turns the state around, and the others, by weight and bias."""
    return {
        "embed_layer.weight": np.array([[0.0], [1.0]]),
        "rnn.weight_ih_l0": np.array([[row] for row in strength]),
        "rnn.bias_ih_l0": np.array(value),
        "dense.weight": np.array([[-1.0], [1.0]]),
        "dense.bias": np.array([0.3, -0.3]),
    }


TURNING = {
    # a = 1 at a 0 and -1 at a 1, which adds 1: the memory is the parity
    "diagonal": parity([-80, 1, 0], [40, 0, 1]),
    # b = 0 at a 0 and 2 at a 1, where the matrix becomes 2 v - S
    "deltanet": parity([0, 0, 0, 80], [1, 1, 1, -40]),
}


@pytest.mark.parametrize("cell", TURNING)
def test_an_eigenvalue_of_minus_one_computes_parity_and_the_same_weights_between_0_and_1_do_not(cell):
    bits = np.random.default_rng(0).integers(0, 2, (3, 2000, 1))
    right = bits.cumsum(axis=1)[..., 0] % 2
    assert all(0.4 < share < 0.6 for share in right.mean(axis=1))
    assert any(first != second for first, second in pairwise(right[0]))
    task = Task.from_machine("machine", 2, 1, Machine.from_tables([[0, 1], [1, 0]], [[0, 1], [1, 0]]))

    def share_right(name):
        shape = Architecture(cell=name, layers=1, hidden_size=1, embedding_size=1)
        weights = {name: array.astype(np.float32) for name, array in TURNING[cell].items()}
        network = Adder.build(shape, task, weights)
        return (network(torch.tensor(bits)).argmax(dim=-1).numpy() == right).mean()

    assert share_right(f"{cell}_signed") == 1
    assert share_right(cell) < 0.9


def test_recurrences_have_no_weights_of_the_hidden_state():
    for cell in RECURRENCES:
        assert CELL_SHAPES[cell].parameters(FEATURES, UNITS).keys() == {"weight_ih", "bias_ih"}
