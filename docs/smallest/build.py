"""Builds recurrent networks of two units that add, by hand: `python -m docs.smallest.build 2 10`.

Let n be the sum of the digits at a position, and h what the first unit showed at the position before: 1
after a carry, -1 after none, and 0 before the first position. Both units read t = n + h / 2, which is
n - 1/2 or n without a carry, and n + 1/2 with one.

- The first unit is steep. It turns at t = base - 3/4, and so shows the next carry.
- The second unit rises slowly over all of t. Where the answer changes from digit k to k + 1, t is k + 1/4
  without a next carry, and k + 1/4 + base with one: there logit k + 1 overtakes logit k.

A logit's slopes are the sums of those before it, so digits further off are lower still.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import ripplecarry as rc
from ripplecarry.arithmetic.digits import check_base
from ripplecarry.errors import CertificateRefused
from ripplecarry.files import write_atomically
from ripplecarry.networks.initial_values import Weights
from ripplecarry.networks.weights_file import write_weights

FOLDER = Path(__file__).parent
_STEEPNESS = 32.0
"""t is 1/4 or more from the turn: tanh(8) is 1 - 2e-7."""
_SCALE = 64.0
"""Logits count for nothing but their order; this makes margins as large as those of trained networks."""


def weights(base: int) -> Weights:
    """A network with an embedding of one number, the digit itself."""
    digit = np.arange(base)
    slow = 2.0 ** -np.ceil(np.log2(base))
    change = digit[:-1] + 0.25 - (base - 1)
    without_carry, with_carry = np.tanh(slow * change), np.tanh(slow * (change + base))
    readout = np.stack([(without_carry - with_carry) / 2, np.ones(base - 1)], axis=1)
    logits = np.column_stack([readout, -(without_carry + with_carry) / 2]).cumsum(axis=0) * _SCALE / slow
    logits = np.concatenate([np.zeros((1, 3)), logits])
    rates = np.array([_STEEPNESS, slow])
    exact = {
        "embed_layer.weight": digit[:, None],
        "rnn.weight_ih_l0": np.outer(rates, [1, 1]),
        "rnn.weight_hh_l0": np.outer(rates, [0.5, 0]),
        "rnn.bias_ih_l0": -rates * [base - 0.75, base - 1],
        "rnn.bias_hh_l0": np.zeros(2),
        "dense.weight": logits[:, :2],
        "dense.bias": logits[:, 2],
    }
    return {name: array.astype(np.float32) for name, array in exact.items()}


def write_entry(base: int, folder: Path = FOLDER) -> Path:
    """Writes the network and the certificate that `certify` finds; returns the certificate's path.

    Raises:
        OperandError: the base is not one from 2 to 36.
        CertificateRefused: it finds none.
    """
    check_base(base)
    entry = folder / f"built-rnn-{base}.json"
    content = write_weights(weights(base), "rnn")
    with tempfile.TemporaryDirectory() as store:
        given = Path(store) / "built.safetensors"
        given.write_bytes(content)
        run = rc.import_run(given, store=store)
        rc.certify(run, store=store)
        if not run.certificate_path.is_file():
            raise CertificateRefused(f"the network in base {base} is not proved")
        write_atomically(entry.with_suffix(".safetensors"), content)
        write_atomically(entry, run.certificate_path.read_bytes())
    return entry


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("bases", type=int, nargs="+", choices=range(2, 37), metavar="base", help="2 to 36")
    for given_base in parser.parse_args().bases:
        write_entry(given_base)
