import numpy as np
import pytest

from ripplecarry.arithmetic.philox import Stream, philox, random_words

# Source: kat_vectors of the authors' Random123 library, "philox4x32 10".
KNOWN_ANSWERS = [
    ((0, 0), [0] * 4, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    (
        (0xFFFFFFFF, 0xFFFFFFFF),
        [0xFFFFFFFF] * 4,
        [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
    ),
    (
        (0xA4093822, 0x299F31D0),
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("key", "counter", "expected"), KNOWN_ANSWERS)
def test_known_answers_come_out(key, counter, expected):
    words = philox(key, np.array(counter, dtype=np.uint32)[:, None])

    assert words[:, 0].tolist() == expected


def test_a_larger_table_begins_with_the_smaller():
    small = random_words(5, Stream.TRAINING, 9, num_rows=3, words_per_row=6)
    large = random_words(5, Stream.TRAINING, 9, num_rows=4, words_per_row=11)

    assert (large[:3, :6] == small).all()


def test_every_part_of_the_key_matters():
    def draw(seed=1, stream=Stream.TRAINING, step=2):
        return random_words(seed, stream, step, 2, 8).tobytes()

    drawn = {draw(), draw(seed=2), draw(seed=1 + 2**32), draw(stream=Stream.EVALUATION)}

    assert len(drawn | {draw(step=3)}) == 5
