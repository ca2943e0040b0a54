"""A network and a certificate of it with sloped boxes, found by a small search."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from checkers import certificate_of
from made_certificates import certified_small
from safetensors.numpy import save

from verify_certificate import UNIT, Histories, Machine, Network, Weights, read_json

PIECES, ROUNDS = 2, 60
Content = dict[str, Any]
Arrays = dict[str, np.ndarray]


def histories_of(weights: Arrays, content: Content) -> Histories:
    given, content = Weights(save(weights)), read_json(json.dumps(content).encode(), "the certificate")
    machine = Machine(content["task"], content["machine"])
    return Histories(content, Network(given, machine, content), machine)


def direction_of(weights: Arrays) -> np.ndarray:
    """The largest one of W_hh."""
    _, sizes, rows = np.linalg.svd(weights["rnn.weight_hh_l0"].astype(float))
    return sizes[0] * rows[0]


def numbers_of(hidden: np.ndarray, weights: Arrays, slopes: np.ndarray) -> np.ndarray:
    """What a set's intervals are of: r h and every (W h)_i - d_i r h."""
    y = hidden @ direction_of(weights)[:, None]
    return np.hstack([y, hidden @ weights["rnn.weight_hh_l0"].T.astype(float) - y * slopes])


def ends_of(stated: Content) -> np.ndarray:
    """Of these numbers, the low ones and the high ones."""
    low, high = stated["along"]
    return np.array([[low, *stated["low"]], [high, *stated["high"]]])


def with_ends(low: np.ndarray, high: np.ndarray) -> Content:
    return {"along": [float(low[0]), float(high[0])], "low": low[1:].tolist(), "high": high[1:].tolist()}


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
    content["direction"] = direction_of(weights).tolist()
    next_state = np.array(content["machine"]["next_state"])
    states, visits = [0, *next_state.ravel().tolist()], visited(weights, base, next_state)
    content["histories"] = []
    for label, state in enumerate(states):
        level = numbers_of(visits[label], weights, np.zeros(1))
        y, *u = (level - level.mean(axis=0)).T
        slopes = np.array(u) @ y / max(y @ y, 1e-9)
        numbers = numbers_of(visits[label], weights, slopes)
        following = [1 + state * base**2 + symbol for symbol in range(base**2)]
        ends = with_ends(numbers.min(axis=0), numbers.max(axis=0))
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
                yield following, histories.target(following).values(histories.advance(part, symbol))


def widen(content: Content, histories: Histories) -> bool:
    """Takes each set to a box a little wider than its image, unless all images lie within."""
    found: dict[int, list[np.ndarray]] = {}
    for label, numbers in images(histories):
        found.setdefault(label, []).append(np.array(numbers, dtype=float).T / UNIT)
    wider, is_open = {}, False
    for label, ends in found.items():
        stated = ends_of(content["histories"][label])
        low, high = np.min(ends, axis=0)[0], np.max(ends, axis=0)[1]
        is_open |= bool((low < stated[0]).any() or (high > stated[1]).any())
        by = 0.02 * (high - low) + 1e-6
        wider[label] = with_ends(low - by, high + by)
    for label, ends in wider.items() if is_open else ():
        content["histories"][label] |= ends
    return is_open
