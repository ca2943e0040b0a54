"""Digits as characters: 0 to 9, then a to z; upper case is read too."""

from collections.abc import Sequence

import numpy as np

from ripplecarry.axes import Bool, Integer, UInt8

CHARACTERS = b"0123456789abcdefghijklmnopqrstuvwxyz"
LINE_END, BLANK, NO_DIGIT = 253, 254, 255
"""The codes of characters that are not digits."""

_CHARACTERS = np.frombuffer(CHARACTERS, dtype=np.uint8)


def digit_codes(base: int) -> UInt8[np.ndarray, "256"]:
    """For each byte its digit, or LINE_END, BLANK or NO_DIGIT."""
    codes = np.full(256, NO_DIGIT, dtype=np.uint8)
    for text in (CHARACTERS[:base], CHARACTERS[:base].upper()):
        codes[np.frombuffer(text, dtype=np.uint8)] = np.arange(base)
    codes[np.frombuffer(b" \t\r", dtype=np.uint8)] = BLANK
    codes[ord("\n")] = LINE_END
    return codes


def why_no_digit(beginning: bytes, base: int) -> str:
    """Why the character that begins here is not a digit of the base, as a message."""
    byte, character = beginning[0], _character(beginning)
    is_shown = character.isprintable() and character != " "
    shown = repr(character) if is_shown else f"byte 0x{byte:02x}"
    allowed = f"0 to {min(base, 10) - 1}" + (f" and a to {chr(CHARACTERS[base - 1])}" if base > 10 else "")
    hint = "; numbers have no sign" if byte in b"+-" else ""
    if character.isdecimal() and not character.isascii():  # fullwidth, or of another script
        hint = f"; write {int(character)}"
    return f"{shown} is not a digit of base {base}, which has {allowed}{hint}"


def _character(beginning: bytes) -> str:
    """The character in UTF-8 that begins here; nothing printable where there is none."""
    for length in range(1, 5):
        try:
            return beginning[:length].decode()
        except UnicodeDecodeError:
            continue
    return "\0"


def text_of(digits: UInt8[np.ndarray, " position"]) -> bytes:
    """The digits' characters, most significant first, leading zeros included.

    Args:
        digits: least significant first.
    """
    return _CHARACTERS[digits[::-1]].tobytes()


def number_text(digits: UInt8[np.ndarray, " position"]) -> str:
    """A number as it is written, most significant digit first, without leading zeros.

    Args:
        digits: least significant first.
    """
    return text_of(digits).decode().lstrip("0") or "0"


def sequence_text(symbols: Integer[np.ndarray, " position"], names: Sequence[str] | None = None) -> str:
    """Symbols of any size, by name or in decimal, in the order in which they are read."""
    return " ".join(str(number) if names is None else names[number] for number in symbols.tolist())


def symbols_text(symbols: Integer[np.ndarray, " position"], names: Sequence[str] | None = None) -> str:
    """Symbols of any size, by name or in decimal, in brackets, that of the highest position first."""
    return f"[{sequence_text(symbols[::-1], names)}]"


def lines_of(
    digits: UInt8[np.ndarray, "row position"], counts: Integer[np.ndarray, " row"] | None = None
) -> list[bytes]:
    """A line for each row, most significant digit first.

    Args:
        digits: least significant first.
        counts: how many of each row's digits are written; by default all but leading zeros.
    """
    rows, positions = digits.shape
    if not rows:
        return []
    if counts is None:
        counts = np.maximum(1, significant_digits(digits != 0))
    text = np.full((rows, positions + 1), ord("\n"), dtype=np.uint8)
    text[:, :positions] = _CHARACTERS[digits[:, ::-1]]
    is_shown = np.arange(positions + 1) >= positions - counts[:, None]
    return text[is_shown].tobytes().splitlines(keepends=True)


def significant_digits(is_not_zero: Bool[np.ndarray, "row position"]) -> np.ndarray:
    """Each row's number of digits without leading zeros; 0 if all are zero."""
    positions = is_not_zero.shape[1]
    return np.where(is_not_zero.any(axis=1), positions - is_not_zero[:, ::-1].argmax(axis=1), 0)
