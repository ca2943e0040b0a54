"""Bounds of one position over sloped boxes: the search's and the checker's, beside float32 itself."""

from dataclasses import dataclass

import numpy as np
import pytest
from sloped_certificates import BY_LAST_SYMBOL, BY_TWO_SYMBOLS, bounds_of, trained

from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.check import sloped_box_checker
from ripplecarry.verification.sloped_boxes import PositionBounds, SlopedBoxes

TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Chosen:
    """Float32 states in one machine state, and a sloped box around them."""

    bounds: PositionBounds
    hidden: np.ndarray
    state: int
    coordinates: np.ndarray
    box: SlopedBoxes
    target_slopes: np.ndarray

    @property
    def piece(self) -> np.ndarray:
        """In which piece of the box each state lies."""
        low, high, count = self.box.low[0, 0], self.box.high[0, 0], self.box.num_pieces[0]
        return np.clip((self.coordinates[:, 0] - low) / (high - low) * count, 0, count - 1).astype(int)


def chosen(seed: int, case: int, weights: Weights) -> Chosen:
    """States that random words reach, near one another, and some more around them; or a single one."""
    random = np.random.default_rng(case)
    trial, _ = trained(seed)
    bounds, machine = bounds_of(trial, weights), trial.build_task().machine
    symbols = random.integers(0, machine.num_symbols, (300, 12))
    _, states = machine.run(symbols)
    hidden = np.zeros((300, len(bounds.recurrent)), dtype=np.float32)
    for position in range(symbols.shape[1]):
        hidden = float32_step(bounds, weights, hidden, symbols[:, position], random, flushes=False)
    state = int(random.integers(machine.num_states))
    hidden = hidden[states[:, -1] == state]
    order = np.argsort(hidden @ bounds.direction)
    near = hidden[order[: random.integers(2, 60)]]
    spread = 10.0 ** random.uniform(-7, 0)
    moved = near + spread * random.uniform(-1, 1, near.shape) * (random.random(near.shape) < 0.3)
    hidden = np.clip(np.concatenate([near, moved]), -1, 1).astype(np.float32)
    if case % 4 == 3:  # where bounds add nothing but rounding
        hidden = hidden[:1]
    if case % 2:
        bounds.direction = random.normal(size=len(bounds.recurrent))
    r = bounds.direction
    slopes = bounds.recurrent @ r / (r @ r) + random.normal(size=len(r)) * 10.0 ** -(case % 5)
    coordinates = bounds.coordinates(hidden.astype(np.float64))
    coordinates[:, 1:] -= coordinates[:, :1] * slopes
    room = 1e-12 * (1 + np.abs(coordinates).max(0))
    box = SlopedBoxes(
        (coordinates.min(0) - room)[None],
        (coordinates.max(0) + room)[None],
        slopes[None],
        random.integers(1, 6, 1),
    )
    target_slopes = random.normal(size=(machine.num_symbols, len(r))) * 10.0 ** -(case % 3)
    return Chosen(bounds, hidden, state, coordinates, box, target_slopes)


def float32_step(
    bounds: PositionBounds,
    weights: Weights,
    hidden: np.ndarray,
    symbols: np.ndarray,
    random: np.random.Generator,
    *,
    flushes: bool,
) -> np.ndarray:
    """The next states, each sum in an order by chance, subnormal numbers kept or flushed to zero."""

    def kept(values: np.ndarray) -> np.ndarray:
        return np.where(np.abs(values) < TINY, np.float32(0), values) if flushes else values

    base = len(weights["embed_layer.weight"])
    x = np.concatenate([weights["embed_layer.weight"][symbols // base**k % base] for k in range(2)], axis=1)
    terms = [
        kept(x[:, None, :] * weights["rnn.weight_ih_l0"]),
        kept(kept(hidden)[:, None, :] * weights["rnn.weight_hh_l0"]),
    ]
    biases = np.stack([weights["rnn.bias_ih_l0"], weights["rnn.bias_hh_l0"]], axis=-1)
    terms.append(np.broadcast_to(biases, (len(hidden), *biases.shape)))
    every = np.concatenate(terms, axis=-1)
    total = np.zeros(every.shape[:-1], dtype=np.float32)
    for k in random.permutation(every.shape[-1]):
        total = kept(total + every[..., k])
    return kept(np.tanh(total))


def checkers_images(made: Chosen, seed: int, weights: Weights):
    """The ends of the images, and the margins, as the package's checker bounds them."""
    trial, _ = trained(seed)
    task, num = trial.build_task(), len(made.target_slopes)
    first = history(made.state, range(1, num + 1), made.box.low[0], made.box.high[0], made.box.slopes[0])
    nothing = np.zeros(len(made.coordinates[0]))
    states = task.machine.next_state[made.state].tolist()
    others = [
        history(after, [0] * num, nothing, nothing, slopes)
        for after, slopes in zip(states, made.target_slopes, strict=True)
    ]
    count = int(made.box.num_pieces[0])
    content = {
        "direction": made.bounds.direction.tolist(),
        "histories": [first | {"pieces": count}, *others],
    }
    checker = sloped_box_checker(content, weights, task)
    found = [list(checker.images(0, piece)) for piece in range(count)]
    low = [[[float(ball.lower()) for ball in ball_row] for _, ball_row in piece] for piece in found]
    high = [[[float(ball.upper()) for ball in ball_row] for _, ball_row in piece] for piece in found]
    margins = [[min(float(lead.lower()) for lead in leads) for leads, _ in piece] for piece in found]
    return np.array(low), np.array(high), np.array(margins)


def history(state, following, low, high, slopes):
    return {
        "state": state,
        "next": list(following),
        "along": [float(low[0]), float(high[0])],
        "low": low[1:].tolist(),
        "high": high[1:].tolist(),
        "slopes": slopes.tolist(),
        "pieces": 1,
    }


def assert_contained(images, made: Chosen, seed: int, weights: Weights) -> float:
    """Every state's successor lies in the bounds of its piece; returns how near one comes to an end."""
    low, high, margins = images
    machine, random = made.bounds.machine, np.random.default_rng(0)
    nearest = np.inf
    for symbol in range(machine.num_symbols):
        symbols = np.full(len(made.hidden), symbol)
        own = made.piece, symbols
        for flushes in (False, True):
            after = float32_step(made.bounds, weights, made.hidden, symbols, random, flushes=flushes)
            wide = after.astype(np.float64)
            y = wide @ made.bounds.direction
            values = np.column_stack(
                [y, wide @ made.bounds.recurrent.T - y[:, None] * made.target_slopes[symbol]]
            )
            assert (low[own] <= values).all()
            assert (values <= high[own]).all()
            nearest = min(nearest, float(np.minimum(values - low[own], high[own] - values).min()))
            logits = after @ weights["dense.weight"].T + weights["dense.bias"]
            right = machine.output[made.state, symbol]
            lead = logits[:, [right]] - np.delete(logits, right, axis=1)
            assert (lead.min(1) >= margins[own]).all()
    return nearest


def magnified(seed: int, by: float) -> Weights:
    """The trained network, with the sums of its units magnified so that more or fewer of them saturate."""
    weights = dict(trained(seed)[1])
    for name in ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0"):
        weights[name] = weights[name] * np.float32(by)
    return weights


@pytest.mark.parametrize("by", [1.0, 0.1, 30.0])
@pytest.mark.parametrize("seed", [BY_LAST_SYMBOL, BY_TWO_SYMBOLS])
def test_what_float32_makes_of_a_piece_lies_in_the_bounds(seed, by):
    """In both bounds; they come near to what is reached, or they would say little."""
    weights, nearest = magnified(seed, by), np.inf
    for case in range(8):
        made = chosen(seed, case, weights)
        by_search = made.bounds.images(made.box.pieces(0), made.state, made.target_slopes)
        by_checker = checkers_images(made, seed, weights)
        nearest = min(nearest, assert_contained(by_checker, made, seed, weights))
        assert_contained(by_search, made, seed, weights)
        scale = np.abs(by_search[0]).max()
        assert (by_checker[0] <= by_search[0] + 1e-6 * scale).all()
        assert (by_checker[1] >= by_search[1] - 1e-6 * scale).all()
        assert np.abs(np.subtract(by_checker[:2], by_search[:2])).max() <= 1e-5 * scale
        assert np.abs(by_checker[2] - by_search[2]).max() <= 1e-5 * scale
    assert nearest < 1e-4


def test_states_outside_a_piece_are_noticed():
    """Where each interval of the set lacks six tenths at one end, some image is left out."""
    weights, noticed = trained(BY_LAST_SYMBOL)[1], 0
    for case in range(12):
        made = chosen(BY_LAST_SYMBOL, case, weights)
        made.box.high[:] -= 0.6 * (made.box.high - made.box.low)
        images = made.bounds.images(made.box.pieces(0), made.state, made.target_slopes)
        try:
            assert_contained(images, made, BY_LAST_SYMBOL, weights)
        except AssertionError:
            noticed += 1
    assert noticed > 3


def test_pieces_cover_the_whole_set():
    made = chosen(BY_LAST_SYMBOL, 0, trained(BY_LAST_SYMBOL)[1])
    made.box.num_pieces[0] = 7
    pieces = made.box.pieces(0)

    assert (pieces.low[1:, 0] == pieces.high[:-1, 0]).all()
    assert (pieces.low[0, 0], pieces.high[-1, 0]) == (made.box.low[0, 0], made.box.high[0, 0])
    assert (pieces.low[:, 1:] == made.box.low[:, 1:]).all()
    assert (pieces.high[:, 1:] == made.box.high[:, 1:]).all()
