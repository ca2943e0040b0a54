"""Streams and batches against the network's own answers in one piece."""

import numpy as np
import pytest
from hand_made_adders import carryless_weights, exact_trial, exact_weights, random_weights
from hypothesis import given, settings
from hypothesis import strategies as st

from ripplecarry.arithmetic import text_source
from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.arithmetic.number_lines import find_lines
from ripplecarry.arithmetic.text_source import TextInMemory
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import InputError, OperandError, StoreError
from ripplecarry.evaluation import integer_sums, stream, written_sums
from ripplecarry.evaluation.compared_sums import ComparedSums
from ripplecarry.evaluation.integer_sums import ArrayDigits, add_numbers
from ripplecarry.evaluation.stream import NetworkSums, batches
from ripplecarry.evaluation.written_sums import SumWriter
from ripplecarry.files import Spool
from ripplecarry.runs.trial import Trial

CELL = st.sampled_from(["rnn", "gru", "lstm"])


def network_of(trial, weights, engine="auto"):
    return open_engine(engine).load(trial, trial.build_task(), weights)


def sums_of(trial, weights, engine="auto"):
    return NetworkSums(network_of(trial, weights, engine), trial, trial.build_task())


def small_trial(**settings):
    return Trial(hidden_size=7, embedding_size=3, digits=3, **settings)


def written(sums, content, compared=None):
    text = TextInMemory("it", content)
    with Spool() as output:
        writer = SumWriter(sums, output, compared)
        writer.write_lines(text, find_lines(text, sums.base, sums.num_operands))
        return output.read(0, output.length).decode()


def in_one_piece(network, sums, row, base):
    """The network's answer to a row of integers, all positions at once."""
    length = max(len(digits_of(value, base)) for value in row)
    positions = int(sums.num_positions(np.array([[length]]))[0])
    operands = np.stack([to_digits(value, base, positions) for value in row], axis=1)
    return from_digits(network.answers(operands[None])[0], base)


def digits_of(value, base):
    return np.base_repr(value, base).lower()


@settings(deadline=None, max_examples=40)
@given(
    CELL, st.integers(1, 3), st.integers(1, 90), st.integers(1, 90), st.integers(1, 30), st.integers(0, 99)
)
def test_a_stream_answers_as_the_network_in_one_piece(cell, num_operands, length, piece, feed, seed):
    trial = small_trial(cell=cell, num_operands=num_operands, base=7)
    network = network_of(trial, random_weights(trial, seed))
    sums = NetworkSums(network, trial, trial.build_task())
    digits = np.random.default_rng(seed).integers(0, 7, (length, num_operands), dtype=np.uint8)
    operands = [ArrayDigits(digits[: length - k if length > k else 1, k]) for k in range(num_operands)]
    positions = int(sums.num_positions(np.array([[each.length for each in operands]]))[0])
    whole = np.stack([each.digits(0, positions) for each in operands], axis=1)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(stream, "PIECE_POSITIONS", piece)
        monkeypatch.setattr(sums, "positions_per_feed", feed)
        pieces = list(sums.stream(operands))

    assert (np.concatenate([each.operands for each in pieces]) == whole).all()
    assert (np.concatenate([each.answers for each in pieces]) == network.answers(whole[None])[0]).all()


@settings(deadline=None, max_examples=40)
@given(
    CELL,
    st.integers(1, 3),
    st.sampled_from([2, 10, 36]),
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(20, 200),
    st.data(),
)
def test_lines_short_or_long_get_the_networks_own_answers(
    cell, num_operands, base, short, block, batch, data
):
    trial = small_trial(cell=cell, num_operands=num_operands, base=base)
    network = network_of(trial, random_weights(trial, 5))
    sums = NetworkSums(network, trial, trial.build_task())
    value = st.integers(1, 40).flatmap(lambda length: st.integers(0, base**length - 1))
    rows = data.draw(
        st.lists(st.lists(value, min_size=num_operands, max_size=num_operands), min_size=1, max_size=9)
    )
    content = "\n".join(" ".join(digits_of(each, base) for each in row) for row in rows).encode()
    expected = [in_one_piece(network, sums, row, base) for row in rows]

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(written_sums, "SHORT_POSITIONS", short)
        monkeypatch.setattr(integer_sums, "SHORT_POSITIONS", short)
        monkeypatch.setattr(written_sums, "BLOCK_BYTES", block)
        monkeypatch.setattr(text_source, "BLOCK_BYTES", block)
        monkeypatch.setattr(stream, "BATCH_POSITIONS", batch)
        compared = ComparedSums(sums.task)
        lines = written(sums, content, compared).splitlines()
        integers = add_numbers(sums, rows)

    assert [int(line, base) for line in lines] == expected
    assert lines == [digits_of(value, base) for value in expected]
    assert integers == expected
    wrong = [number for number, row in enumerate(rows) if expected[number] != sum(row)]
    assert (compared.num_sums, compared.num_wrong) == (len(rows), len(wrong))
    if wrong:
        difference = abs(expected[wrong[0]] - sum(rows[wrong[0]]))
        position = next(k for k in range(99) if difference % base ** (k + 1))
        assert compared.first_wrong is not None
        assert compared.first_wrong["number"] == wrong[0] + 1
        assert compared.first_wrong["position"] == position
        for found, value in (
            (compared.first_wrong["answer"], expected[wrong[0]]),
            (compared.first_wrong["exact"], sum(rows[wrong[0]])),
        ):
            assert int(found, base) == value // base**position % base


def test_short_lines_are_answered_many_at_once(monkeypatch):
    sums = sums_of(exact_trial(10), exact_weights(10))
    monkeypatch.setattr(sums, "stream", None)
    sizes = []
    answer = sums.answer
    monkeypatch.setattr(sums, "answer", lambda *args: sizes.append(len(args[0])) or answer(*args))

    assert written(sums, b"1 2\n" * 5000) == "3\n" * 5000
    assert sizes == [5000]


@pytest.mark.parametrize("base", [2, 10, 36])
def test_a_network_set_by_hand_is_exact_where_one_without_carry_is_not(base):
    trial = exact_trial(base)
    value = base**3000 - 1

    assert add_numbers(sums_of(trial, exact_weights(base)), [[value, 1], [7, 8]]) == [value + 1, 15]
    assert add_numbers(sums_of(trial, carryless_weights(base)), [[value, 1]]) == [value - base + 1]


def test_the_first_wrong_position_is_found_in_any_piece(monkeypatch):
    monkeypatch.setattr(stream, "PIECE_POSITIONS", 100)
    sums = sums_of(exact_trial(10), carryless_weights(10))
    content = b"5" + b"0" * 4321 + b" 5" + b"0" * 4321
    compared = ComparedSums(sums.task)

    answer = written(sums, b"1 2\n" + content + b"\n3 3\n6 6\n", compared)

    assert answer == "3\n0\n6\n2\n"
    assert (compared.num_sums, compared.num_wrong) == (4, 2)
    assert compared.first_wrong is not None
    assert compared.first_wrong["number"] == 2
    assert (compared.first_wrong["position"], compared.first_wrong["exact"]) == (4322, "1")


def test_the_reference_engine_streams_the_same(monkeypatch):
    trial = small_trial(cell="gru")
    weights = random_weights(trial, 3)
    rows = [[3**50, 7**20], [10**2000, 99]]

    torch_sums = add_numbers(sums_of(trial, weights, "torch"), rows)

    assert torch_sums == add_numbers(sums_of(trial, weights), rows)


def test_logits_that_are_not_numbers_are_no_answer():
    trial = exact_trial(10)
    weights = exact_weights(10)
    weights["dense.bias"][3] = np.nan
    sums = sums_of(trial, weights)

    for row in ([1, 2], [10**2000, 2]):
        with pytest.raises(InputError, match="logits are not numbers"):
            add_numbers(sums, [row])


@given(st.lists(st.integers(1, 1024), min_size=1, max_size=300))
def test_batches_hold_each_row_once_within_bounds(lengths):
    num_positions = np.array(lengths)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(stream, "BATCH_POSITIONS", 2000)
        found = list(batches(num_positions))

    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    assert all(rows.size * num_positions[rows].max() <= 2000 for rows in found)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (-1, r"negative \(-1\)"),
        (1.5, "an operand is 1.5, of type float; give an int, a str of digits"),
        ("12", "an operand is '12', of type str; give an int"),
        (np.array([1, 10]), "digit 10 at position 1 is outside base 10"),
        (np.array([-1]), "digit -1 at position 0"),
        (np.zeros((2, 2), dtype=int), r"shape \(2, 2\)"),
        (np.zeros(0, dtype=int), r"shape \(0,\)"),
        (np.array([0.5]), "type float64; give one of integers"),
    ],
)
def test_what_is_no_number_is_refused(number, words):
    with pytest.raises(OperandError, match=words):
        ArrayDigits.of(number, 10)


def test_digit_arrays_and_integers_mix():
    sums = sums_of(exact_trial(10), exact_weights(10))

    assert add_numbers(sums, [[np.array([3, 2, 1]), 877]]) == [1000]
    assert add_numbers(sums, []) == []


def test_a_full_disk_is_one_line(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ripplecarry.files.os.write", full)

    with pytest.raises(
        StoreError, match=r"cannot write temporary data to .*: No space left on device; set TMPDIR"
    ):
        written(sums_of(exact_trial(10), exact_weights(10)), b"1 2\n")
