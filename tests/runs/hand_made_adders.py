"""Networks that nobody trained: set by hand to add exactly or to forget the carry, or left at random."""

import numpy as np

from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial

SHARPNESS = 200.0


def exact_trial(base: int) -> Trial:
    return Trial(base=base, cell="rnn", layers=1, hidden_size=2 * base - 1, embedding_size=1, digits=3)


def exact_weights(base: int) -> Weights:
    """Unit k is 1 where digits and carry add up to k + 1 or more, else -1; unit base - 1 is the carry.

    A unit of 0, as before the first position, must mean no carry like one of -1. With 0.4 for the carry's
    weight and thresholds 0.2 above whole numbers less one both do, a margin of 0.2 away.
    """
    totals = np.arange(1, 2 * base)
    from_hidden = np.zeros((2 * base - 1, 2 * base - 1))
    from_hidden[:, base - 1] = 0.4 * SHARPNESS
    readout, bias = np.zeros((base, 2 * base - 1)), np.zeros(base)
    for total in range(2 * base):  # a total is where unit total - 1 is 1 and unit total is -1
        if total:
            readout[total % base, total - 1] += 0.5
        else:
            bias[0] += 0.5
        if total < 2 * base - 1:
            readout[total % base, total] -= 0.5
    weights = {
        "embed_layer.weight": np.arange(base)[:, None],
        "rnn.weight_ih_l0": np.full((2 * base - 1, 2), SHARPNESS),
        "rnn.weight_hh_l0": from_hidden,
        "rnn.bias_ih_l0": -(totals - 0.8) * SHARPNESS,
        "rnn.bias_hh_l0": np.zeros(2 * base - 1),
        "dense.weight": readout,
        "dense.bias": bias,
    }
    return {name: values.astype(np.float32) for name, values in weights.items()}


def carryless_weights(base: int) -> Weights:
    """As the exact ones, but no carry ever arrives."""
    weights = exact_weights(base)
    weights["rnn.weight_hh_l0"][:] = 0
    return weights


def random_weights(trial: Trial, seed: int = 0) -> Weights:
    return initial_weights(trial, trial.build_task(), seed)


def keep(store: Store, trial: Trial, weights: Weights, seed: int = 0) -> Run:
    """A run with these weights, in the store."""
    from ripplecarry.runs.write_run import write_run

    request = RunRequest(trial, seed, "native")
    folder = store.unfinished_folder(request.id)
    write_run(
        folder,
        request,
        outcome="finished",
        columns={"step": np.arange(1), "loss": np.zeros(1)},
        weights=weights,
        environment={},
        about={"train_s": 1.0, "finished_at": "2026-01-01T00:00:00+00:00"},
    )
    return store.keep(folder, request.id)
