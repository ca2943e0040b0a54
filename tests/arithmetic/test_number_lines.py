import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripplecarry.arithmetic import text_source
from ripplecarry.arithmetic.digit_text import CHARACTERS, digit_codes, lines_of, text_of
from ripplecarry.arithmetic.number_lines import find_lines, find_number
from ripplecarry.arithmetic.text_source import TextInMemory, open_text
from ripplecarry.errors import OperandError

BASE = st.sampled_from([2, 10, 16, 36])


def in_blocks_of(monkeypatch, size):
    monkeypatch.setattr(text_source, "BLOCK_BYTES", size)


@pytest.mark.parametrize("length", [1, 2, 6, 7, 8, 13, 14, 15, 50])
def test_a_number_is_read_backwards_across_all_block_boundaries(length):
    digits = "".join(str(k * k % 10) for k in range(length))
    number = find_number(TextInMemory("it", f" {digits}\n".encode()), 10)

    for block in range(1, length + 3):
        starts = range(0, length + 2 * block, block)
        found = "".join("".join(map(str, number.digits(start, start + block))) for start in starts)
        assert found[:length] == digits[::-1]
        assert set(found[length:]) <= {"0"}


@given(BASE, st.integers(1, 3), st.integers(1, 9), st.booleans(), st.data())
def test_lines_are_what_python_splits(base, per_line, block, ends_in_line_end, data):
    characters = CHARACTERS[:base].decode() + CHARACTERS[:base].decode().upper()
    word = st.text(characters, min_size=1, max_size=12)
    lines = data.draw(
        st.lists(st.lists(word, min_size=per_line, max_size=per_line), min_size=1, max_size=8)
    )
    blank = st.sampled_from([" ", "\t", "   "])
    content = "\n".join(
        data.draw(st.sampled_from(["", " "]))
        + data.draw(blank).join(words)
        + data.draw(st.sampled_from(["", "\r", " "]))
        for words in lines
    ) + ("\n" if ends_in_line_end else "")
    text = TextInMemory("it", content.encode())

    with pytest.MonkeyPatch.context() as monkeypatch:
        in_blocks_of(monkeypatch, block)
        groups = list(find_lines(text, base, per_line))

    found = [
        [content[start:end] for start, end in zip(begins, stops, strict=True)]
        for group in groups
        for begins, stops in zip(group.starts.tolist(), group.ends.tolist(), strict=True)
    ]
    assert found == lines
    assert [group.first_line for group in groups] == [
        1 + sum(len(before.starts) for before in groups[:k]) for k in range(len(groups))
    ]


BAD_LINES = [
    (
        b"1 2\n3 -4\n",
        "it, line 2, column 3: '-' is not a digit of base 10, which has 0 to 9; numbers have no sign",
    ),
    (b"+1 2\n", "it, line 1, column 1: '+' is not a digit"),
    (b"1 2\n\n3 4\n", "it, line 2 has no numbers; it needs 2"),
    (b"1 2\n3\n4 5\n", "it, line 2 has 1 number; it needs 2"),
    (b"1 2\n3 4\n5 6 7\n", "it, line 3 has more than 2 numbers: another begins at column 5"),
    (b"1 2 3 4 5 6", "it, line 1 has more than 2 numbers: another begins at column 5"),
    (b"1 2\n3 4\n5", "it, line 3 has 1 number; it needs 2"),
    (b"", "it is empty"),
    (b"\n", "it, line 1 has no numbers"),
    (b"1 2\n1 \xe2\x88\x925\n", "it, line 2, column 3: '−' is not a digit"),
    ("１ 2\n".encode(), "'１' is not a digit of base 10, which has 0 to 9; write 1"),
    (b"\xff1 2\n", "it, line 1, column 1: byte 0xff is not a digit"),
    (b"\x7fELF\x00\x00", "it, line 1, column 1: byte 0x7f is not a digit"),
    (b"1 2\n1 a\n", "it, line 2, column 3: 'a' is not a digit of base 10"),
    (b"1 2.5\n", "it, line 1, column 4: '.' is not a digit"),
    (b"1\n2 x\n", "it, line 1 has 1 number"),
    (b"1_000 2\n", "it, line 1, column 2: '_' is not a digit"),
]


@pytest.mark.parametrize("block", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(("content", "words"), BAD_LINES)
def test_bad_lines_are_refused_with_their_place(content, words, block, monkeypatch):
    in_blocks_of(monkeypatch, block)

    with pytest.raises(OperandError) as error:
        list(find_lines(TextInFile("it", content), 10, 2))

    assert words in str(error.value)


class EndlessLine(TextInMemory):
    def read(self, start, stop):
        assert start < 50_000_000
        return np.frombuffer(b"1 " * ((stop - start) // 2), dtype=np.uint8)


def test_a_line_of_endless_numbers_is_refused_at_once():
    with pytest.raises(OperandError, match="line 1 has more than 2 numbers: another begins at column 5"):
        list(find_lines(EndlessLine("it", b""), 10, 2))
    with pytest.raises(OperandError, match="a second number begins"):
        find_number(EndlessLine("it", b""), 10)


class TextInFile(TextInMemory):
    """Names places as files do."""

    place = text_source.TextSource.place


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"12 3", "it, line 1, column 4: a second number begins; give one"),
        (b"12\n\n3\n", "it, line 3, column 1: a second number begins"),
        (b"", "it is empty"),
        (b" \n ", "it is empty"),
        (b"12\n-", "it, line 2, column 1: '-' is not a digit"),
    ],
)
@pytest.mark.parametrize("block", [1, 2, 1000])
def test_a_text_of_other_than_one_number_is_refused(content, words, block, monkeypatch):
    in_blocks_of(monkeypatch, block)

    with pytest.raises(OperandError) as error:
        find_number(TextInFile("it", content), 10)

    assert words in str(error.value)


def test_digits_beyond_a_base_name_what_it_has():
    with pytest.raises(OperandError, match=r"'g' is not a digit of base 16, which has 0 to 9 and a to f$"):
        find_number(TextInMemory("it", b"FFg"), 16)
    with pytest.raises(OperandError, match=r"base 2, which has 0 to 1$"):
        find_number(TextInMemory("it", b"12"), 2)


def test_a_text_that_changes_meanwhile_is_refused(tmp_path):
    path = tmp_path / "number"
    path.write_text("123456789\n")
    with open_text(str(path)) as text:
        number = find_number(text, 10)
        path.write_text("12345x789\n")
        with pytest.raises(OperandError, match="changed while it was being read"):
            number.digits(0, 9)
        path.write_text("1234")
        with pytest.raises(OperandError, match="changed while it was being read"):
            number.digits(0, 9)


def test_a_pipe_is_read_backwards_like_a_file(tmp_path, monkeypatch):
    in_blocks_of(monkeypatch, 4)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("12345678901 5\n6 7\n",))
    writer.start()

    with open_text(str(pipe)) as text:
        groups = [list(find_lines(text, 10, 2)) for _ in range(2)]
        writer.join()

        assert [[some.starts.tolist() for some in group] for group in groups] == [
            [[[0, 12]], [[14, 16]]]
        ] * 2
        assert text_of(digit_codes(10)[text.read(0, 11)]) == b"10987654321"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    pipe, path = tmp_path / "pipe", tmp_path / "path"
    os.mkfifo(pipe)
    path.write_bytes("\ufeff123 5\n6 7x\n".encode())
    threading.Thread(target=lambda: pipe.write_bytes(path.read_bytes()), daemon=True).start()

    for each in (path, pipe):
        with open_text(str(each)) as text:
            assert text_of(digit_codes(10)[text.read(0, 3)]) == b"321"
            with pytest.raises(OperandError, match="line 2, column 4"):
                list(find_lines(text, 10, 2))


@given(BASE, st.data())
def test_rows_become_lines_without_leading_zeros(base, data):
    rows = data.draw(st.lists(st.lists(st.integers(0, base - 1), min_size=5, max_size=5), min_size=1))

    lines = lines_of(np.array(rows, dtype=np.uint8))

    for row, line in zip(rows, lines, strict=True):
        assert int(line, base) == sum(digit * base**place for place, digit in enumerate(row))
        assert line.endswith(b"\n")
        assert line == b"0\n" or not line.startswith(b"0")
