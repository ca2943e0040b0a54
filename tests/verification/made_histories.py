"""A network and a certificate of it with sets along a direction, found by a small search."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from checkers import certificate_of
from made_certificates import certified_small
from safetensors.numpy import save

from verify_certificate import UNIT, Histories, Machine, Network, Weights, read_json

NUM_LINES, PIECES, ROUNDS = 3, 2, 60
Content = dict[str, Any]
Arrays = dict[str, np.ndarray]


def histories_of(weights: Arrays, content: Content) -> Histories:
    given, content = Weights(save(weights)), read_json(json.dumps(content).encode(), "the certificate")
    machine = Machine(content["task"], content["machine"])
    return Histories(content, Network(given, machine, content), machine)


def coordinates_of(weights: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """The largest directions of W_hh, and what is left of it."""
    matrix = weights["rnn.weight_hh_l0"].astype(float)
    columns, sizes, rows = np.linalg.svd(matrix)
    return sizes[:NUM_LINES, None] * rows[:NUM_LINES], columns[:, :NUM_LINES]


def numbers_of(hidden: np.ndarray, weights: Arrays, slopes: np.ndarray) -> np.ndarray:
    """What a set's intervals are of: y_1, y_k - a_k y_1 and E h."""
    rows, columns = coordinates_of(weights)
    y = hidden @ rows.T
    y[:, 1:] -= y[:, :1] * slopes
    return np.hstack([y, hidden @ (weights["rnn.weight_hh_l0"] - columns @ rows).T])


def step(weights: Arrays, hidden: np.ndarray, digits: list[int]) -> np.ndarray:
    """One position, in the arrays' own precision."""
    x = weights["embed_layer.weight"][digits].ravel() @ weights["rnn.weight_ih_l0"].T
    return np.tanh(
        x + weights["rnn.bias_ih_l0"] + hidden @ weights["rnn.weight_hh_l0"].T + weights["rnn.bias_hh_l0"]
    )


@cache
def made() -> tuple[Arrays, Content]:
    """A trained network of base 2 and its certificate."""
    trial, weights, _ = certified_small("rnn")
    weights = {name: np.array(each) for name, each in weights.items()}
    *_, content = search(weights, trial.base, ROUNDS)
    return weights, content


def search(weights: Arrays, base: int, num_rounds: int) -> Iterator[Content]:
    """Certificates for addition whose histories say what was read last, and in which state.

    They come in rounds: first the sets of what random words reach, then a little more than their images,
    until all images lie within.
    """
    content = certificate_of({"base": base}, "rnn", weights, {}) | {"format": "ripplecarry certificate 3"}
    del content["invariant"]
    rows, columns = coordinates_of(weights)
    content["coordinates"] = {"rows": rows.tolist(), "columns": columns.tolist()}
    next_state = np.array(content["machine"]["next_state"])
    states, visits = [0, *next_state.ravel().tolist()], visited(weights, base, next_state)
    content["histories"] = []
    for label, state in enumerate(states):
        y = visits[label] @ rows.T
        y = y - y.mean(axis=0)
        slopes = y[:, 0] @ y[:, 1:] / max(y[:, 0] @ y[:, 0], 1e-9)
        numbers = numbers_of(visits[label], weights, slopes)
        following = [1 + state * base**2 + symbol for symbol in range(base**2)]
        ends = {"low": numbers.min(axis=0).tolist(), "high": numbers.max(axis=0).tolist()}
        content["histories"].append({"state": state, "next": following, "slopes": slopes.tolist()} | ends)
        content["histories"][-1]["pieces"] = PIECES if label else 1
    for _ in range(num_rounds):
        yield content
        if not widen(content, histories_of(weights, content)):
            return


def visited(weights: Arrays, base: int, next_state: np.ndarray) -> dict[int, np.ndarray]:
    """The network's states by history, on random words."""
    random, num_symbols = np.random.default_rng(0), next_state.shape[1]
    found: dict[int, list[np.ndarray]] = {0: [np.zeros(len(weights["rnn.weight_hh_l0"]))]}
    for _ in range(40):
        hidden, state = found[0][0][None], 0
        for symbol in random.integers(0, num_symbols, 25).tolist():
            hidden = step(weights, hidden, [symbol % base, symbol // base])
            found.setdefault(1 + state * num_symbols + symbol, []).append(hidden[0])
            state = int(next_state[state, symbol])
    return {label: np.array(each) for label, each in found.items()}


def images(histories: Histories) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Each history that a position leads to, and the box of numbers there."""
    for label, stated in enumerate(histories.stated):
        for part in histories.parts(label):
            for symbol, following in enumerate(stated["next"]):
                around, box = histories.advance(part, symbol)
                yield (
                    following,
                    histories.target(following).values(around, box) + histories.rest.values(box),
                )


def widen(content: Content, histories: Histories) -> bool:
    """Takes each set to a box a little wider than its image, unless all images lie within."""
    found: dict[int, list[np.ndarray]] = {}
    for label, numbers in images(histories):
        found.setdefault(label, []).append(np.array(numbers, dtype=float).T / UNIT)
    wider, is_open = {}, False
    for label, ends in found.items():
        stated, (low, high) = (
            content["histories"][label],
            (np.min(ends, axis=0)[0], np.max(ends, axis=0)[1]),
        )
        is_open |= bool((low < stated["low"]).any() or (high > stated["high"]).any())
        by = 0.02 * (high - low) + 1e-6
        wider[label] = {"low": (low - by).tolist(), "high": (high + by).tolist()}
    for label, ends in wider.items() if is_open else ():
        content["histories"][label] |= ends
    return is_open
