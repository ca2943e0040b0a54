import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ripplecarry.arithmetic.tasks import addition, multiplication_by_constant
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture, num_parameters
from ripplecarry.networks.cells import CELLS
from ripplecarry.networks.initial_values import box_muller, initial_weights
from ripplecarry.networks.unrolled import Unrolled, scan_by

CELL = st.sampled_from(sorted(CELLS))


@settings(deadline=None, max_examples=40)
@given(CELL, st.integers(1, 3), st.integers(1, 17), st.integers(1, 9), st.integers(1, 3))
def test_stepping_gives_the_logits_of_the_sequence(cell, layers, hidden, embedding, operands):
    torch.manual_seed(layers * 100 + hidden)
    network = Adder(
        cell=cell,
        layers=layers,
        hidden_size=hidden,
        embedding_size=embedding,
        num_operands=operands,
    ).double()
    digits = torch.randint(0, 10, (3, 6, operands))

    logits, final = network.run(digits)
    state = None
    for position in range(6):
        at_position, state = network.step(digits[:, position], state)
        torch.testing.assert_close(at_position, logits[:, position], rtol=1e-9, atol=1e-12)
    assert state is not None
    for ours, theirs in zip(state, final, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_can_be_read_in_pieces(cell):
    network = Adder(cell=cell, hidden_size=8)
    digits = torch.randint(0, 10, (4, 9, 2))

    first, state = network.run(digits[:, :5])
    second, _ = network.run(digits[:, 5:], state)

    torch.testing.assert_close(torch.cat([first, second], dim=1), network(digits))


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_equations_unrolled_are_torchs_layers(cell, layers):
    sizes = {"input_size": 5, "hidden_size": 7, "num_layers": layers}
    theirs = getattr(nn, cell.upper())(**sizes).double()
    ours = Unrolled(CELL_SHAPES[cell], scan_by(CELLS[cell].step), **sizes).double()
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    values = torch.cat([p.flatten() for p in ours.parameters()])
    assert 0.9 * 7**-0.5 < values.abs().max() < 1.001 * 7**-0.5
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(6, 2, 5).double()

    for pieces in ([x], [x[:4], x[4:]]):
        state_of_ours = state_of_theirs = None
        for piece in pieces:
            hidden, state_of_ours = ours(piece, state_of_ours)
            expected, state_of_theirs = theirs(piece, state_of_theirs)
            torch.testing.assert_close(hidden, expected)
            torch.testing.assert_close(state_of_ours, state_of_theirs)


def test_the_reports_network_has_17610_parameters():
    network = Adder()

    assert sum(p.numel() for p in network.parameters()) == 17_610
    assert num_parameters(Architecture(), addition()) == 17_610


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("task", [addition(16, 3), multiplication_by_constant(7)])
def test_declared_shapes_are_the_modules_shapes(cell, task):
    architecture = Architecture(cell=cell, layers=3, hidden_size=5, embedding_size=4)
    weights = initial_weights(architecture, task, seed=3)
    network = Adder.build(architecture, task)

    declared = [(name, array.shape) for name, array in weights.items()]
    assert declared == [(name, tuple(p.shape)) for name, p in network.named_parameters()]
    assert CELL_SHAPES.keys() == CELLS.keys()


def test_initial_values_follow_pytorchs_distributions():
    architecture = Architecture(hidden_size=64, embedding_size=2000)
    weights = initial_weights(architecture, addition(36), seed=0)

    embedding = weights.pop("embed_layer.weight")
    assert abs(embedding.mean()) < 0.02
    assert abs(embedding.std() - 1) < 0.02
    for values in weights.values():
        assert abs(values).max() <= 1 / 8
        if values.size > 1000:
            assert abs(values).max() > 0.99 / 8
            assert abs(values.std() * 8 - 3**-0.5) < 0.02


@pytest.mark.parametrize("noise", [0, 2**-49, -(2**-49)])
def test_normal_values_do_not_depend_on_the_mathematics_librarys_last_bits(monkeypatch, noise):
    random = np.random.default_rng(0)
    uniform, angle = random.uniform(size=2000), 2 * np.pi * random.uniform(size=2000)
    radius = np.sqrt(-2 * np.log(uniform))
    right = np.float32(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))
    logarithm = np.log
    monkeypatch.setattr(np, "log", lambda values: logarithm(values) * (1 + noise))

    assert (box_muller(uniform, angle) == right).all()
    decided_exactly = box_muller(uniform, angle, library_error=2.0**-27)  # hundreds of them
    assert (decided_exactly == right).all()


def test_initial_values_are_a_function_of_the_seed():
    def draw(seed):
        return initial_weights(Architecture(), addition(), seed)["rnn.weight_hh_l1"]

    assert (draw(1) == draw(1)).all()
    assert (draw(1) != draw(2)).mean() > 0.99
