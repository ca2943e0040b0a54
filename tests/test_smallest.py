"""The board of the smallest adders: both checkers accept every entry; the table is that of the files."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from docs.smallest import board, build
from ripplecarry.errors import (
    CertificateError,
    CertificateRefused,
    OperandError,
    RipplecarryError,
    StoreError,
)
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

    with pytest.raises(CertificateRefused, match=r"^entry 'built-copy': it belongs to other weights"):
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
    with pytest.raises(StoreError, match=r"^entry 'built-copy': cannot read the weights"):
        board.read_entries(certificate.parent)
    weights.write_bytes(kept)
    certificate.unlink()
    with pytest.raises(CertificateError, match=r"^entry 'built-copy': cannot read .*No such file"):
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


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_long_file_is_left_out(copied, suffix):
    certificate = copied("built-rnn-2")
    most = board.LARGEST_BYTES[suffix]
    with certificate.with_suffix(suffix).open("ab") as file:
        file.write(b" " * most)

    with pytest.raises(CertificateError, match=rf"built-copy{suffix} has .* bytes; {most:,} at most"):
        board.read_entry(certificate)


def test_a_certificate_that_takes_long_to_check_is_left_out(copied):
    certificate = copied("trained-rnn-2-2")
    content = json.loads(certificate.read_text())
    content["histories"] = [each | {"pieces": 1000} for each in content["histories"]] * 3
    certificate.write_text(json.dumps(content))

    with pytest.raises(CertificateError, match="it has 108,000 transitions; 100,000 at most"):
        board.read_entry(certificate)


@pytest.mark.parametrize("histories", [{}, 1, [1], [{"pieces": "1" * 1000, "next": [0] * 1000}]])
def test_histories_of_another_form_are_refused(copied, histories):
    certificate = copied("trained-rnn-2-2")
    content = json.loads(certificate.read_text())
    certificate.write_text(json.dumps(content | {"histories": histories}))

    with pytest.raises(CertificateRefused, match="histor"):
        board.read_entry(certificate)


def test_two_entries_do_not_have_the_same_weights(copied):
    copied("built-rnn-2", "built-copy")
    folder = copied("built-rnn-2", "trained-copy").parent

    with pytest.raises(CertificateError, match=r"^entry 'trained-copy': it has the weights of built-copy$"):
        board.read_entries(folder)


def test_names_of_files_and_weights_are_shown_in_one_line(copied):
    certificate = copied("built-rnn-2", "built\n\x1b[1m")
    with pytest.raises(CertificateError, match=r"^entry 'built\\n\\x1b\[1m': its name must be .*$"):
        board.read_entries(certificate.parent)

    certificate = copied("built-rnn-2")
    path = certificate.with_suffix(".safetensors")
    weights = read_weights(path.read_bytes())
    for extra, cell in (({"a\n\x1b[1m": np.zeros(2)}, "rnn"), ({}, "g\nru\x1b[1m")):
        path.write_bytes(write_weights({**weights, **extra}, cell))
        with pytest.raises(CertificateRefused, match=r"^[^\n\x1b]*'(a|g)\\n[^\n\x1b]*$"):
            board.read_entry(certificate)

    content = json.loads(certificate.read_text())
    content["invariant"]["0"][0]["more" * 1000] = {}
    certificate.write_text(json.dumps(content))
    path.write_bytes(write_weights(weights, "rnn"))
    with pytest.raises(CertificateRefused, match=r"^a set has the parts .{,200}$"):
        board.read_entry(certificate)


def test_the_table_counts_the_numbers_of_the_weights_file(copied):
    certificate = copied("built-rnn-10")
    arrays = safetensors.numpy.load_file(certificate.with_suffix(".safetensors"))

    entry = board.read_entry(certificate)

    assert entry.parameters == sum(array.size for array in arrays.values()) == 52
    assert entry.not_zero == sum((array != 0).sum() for array in arrays.values())
    assert f"| built-copy | 10 | rnn | 1 | 2 | 1 | 52 | {entry.not_zero} |" in board.table([entry])


def test_bounds_are_rounded_down(copied):
    entry = replace(board.read_entry(copied("built-rnn-2")), margin=1.6099, slack=0.0)

    assert board.table([entry]).endswith("| 1.60 | 0 |\n")


@pytest.mark.parametrize("base", [1, 37, 10**12])
def test_the_builder_refuses_other_bases_at_once(base, tmp_path):
    with pytest.raises(OperandError, match=f"base is {base}; it must be from 2 to 36"):
        build.write_entry(base, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_page_without_the_table_is_refused():
    with pytest.raises(RipplecarryError, match="no table whose first column is `entry`"):
        board.written_table("| other | base |\n| --- | --- |\n")
