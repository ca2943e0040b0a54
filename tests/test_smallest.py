"""The board of the smallest adders: both checkers accept every entry; the table is that of the files."""

import json
import shutil

import numpy as np
import pytest
import safetensors.numpy

from docs.smallest import board, build
from ripplecarry.errors import CertificateError, CertificateRefused, RipplecarryError, StoreError
from ripplecarry.networks.weights_file import read_weights, write_weights

NAMES = sorted(path.stem for path in board.FOLDER.glob("*.json"))


@pytest.fixture
def copied(tmp_path):
    """Copies an entry's files under a name, and returns the certificate's path."""

    def copy(source, name="built-copy"):
        for suffix in (".json", ".safetensors"):
            shutil.copy(board.FOLDER / (source + suffix), tmp_path / (name + suffix))
        return tmp_path / f"{name}.json"

    return copy


def test_both_checkers_accept_every_entry_and_the_table_says_what_they_find():
    page = board.PAGE.read_text(encoding="utf-8")

    entries = board.read_entries()

    assert [each.entry for each in sorted(entries, key=lambda each: each.entry)] == NAMES
    assert board.written_table(page) == board.table(entries), "out of date: python -m docs.smallest.board"


@pytest.mark.parametrize("base", [2, 3, 7])
def test_networks_built_by_hand_are_proved(base, tmp_path):
    entry = board.read_entry(build.write_entry(base, tmp_path))

    assert (entry.base, entry.cell, entry.layers, entry.units, entry.embedding) == (base, "rnn", 1, 2, 1)
    assert entry.parameters == 4 * base + 12
    assert entry.found == "built by hand"
    assert entry.margin > 1
    assert entry.slack > 0.01


@pytest.mark.parametrize("base", [2, 10, 16, 36])
def test_the_builder_wrote_the_entries_built_by_hand(base):
    written = read_weights((board.FOLDER / f"built-rnn-{base}.safetensors").read_bytes())

    for name, array in build.weights(base).items():
        np.testing.assert_allclose(written[name], array, rtol=1e-6)


def test_another_weight_is_refused(copied):
    certificate = copied("built-rnn-2")
    path = certificate.with_suffix(".safetensors")
    weights = {name: array.copy() for name, array in read_weights(path.read_bytes()).items()}
    weights["dense.bias"][0] = 1
    path.write_bytes(write_weights(weights, "rnn"))

    with pytest.raises(CertificateRefused, match=r"^entry built-copy: it belongs to other weights"):
        board.read_entries(certificate.parent)


def test_a_wider_claim_is_refused(copied):
    certificate = copied("built-rnn-2")
    content = json.loads(certificate.read_text())
    content["margin"] *= 1.01
    certificate.write_text(json.dumps(content))

    with pytest.raises(CertificateRefused, match=r"it claims the margin .*; .* is proved"):
        board.read_entry(certificate)


def test_entries_without_one_of_their_files_are_named(copied):
    certificate = copied("built-rnn-2")
    weights = certificate.with_suffix(".safetensors")
    kept = weights.read_bytes()
    weights.unlink()
    with pytest.raises(StoreError, match=r"^entry built-copy: cannot read the weights"):
        board.read_entries(certificate.parent)
    weights.write_bytes(kept)
    certificate.unlink()
    with pytest.raises(CertificateError, match=r"^entry built-copy: cannot read .*No such file"):
        board.read_entries(certificate.parent)


def test_another_task_is_left_out(copied):
    certificate = copied("built-rnn-2")
    content = json.loads(certificate.read_text())
    content["task"] = {"task": "machine", "base": 2, "num_operands": 2, "machine": content["machine"]}
    certificate.write_text(json.dumps(content))

    with pytest.raises(CertificateError, match="it is about machine of 2; entries add 2 operands"):
        board.read_entry(certificate)


@pytest.mark.parametrize("name", ["found-rnn", "built", "built_rnn-2", "trained-RNN", "unbuilt-rnn"])
def test_the_name_says_how_the_network_was_found(copied, name):
    with pytest.raises(CertificateError, match="its name must be built or trained or polished, then"):
        board.read_entry(copied("built-rnn-2", name))


def test_a_long_certificate_is_left_out(copied):
    certificate = copied("built-rnn-2")
    certificate.write_text(certificate.read_text() + " " * board.LARGEST_BYTES)

    with pytest.raises(CertificateError, match=r"the certificate has 301,\d+ bytes; 300,000 at most"):
        board.read_entry(certificate)


def test_the_table_counts_the_numbers_of_the_weights_file(copied):
    certificate = copied("built-rnn-10")
    arrays = safetensors.numpy.load_file(certificate.with_suffix(".safetensors"))

    entry = board.read_entry(certificate)

    assert entry.parameters == sum(array.size for array in arrays.values()) == 52
    assert entry.not_zero == sum((array != 0).sum() for array in arrays.values())
    assert f"| built-copy | 10 | rnn | 1 | 2 | 1 | 52 | {entry.not_zero} |" in board.table([entry])


def test_a_page_without_the_table_is_refused():
    with pytest.raises(RipplecarryError, match="no table whose first column is `entry`"):
        board.written_table("| other | base |\n| --- | --- |\n")
