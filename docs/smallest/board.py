"""The smallest proved adders: `python -m docs.smallest.board` writes their table in docs/results.md.

An entry is two files beside this one: NAME.safetensors, the weights, and NAME.json, their certificate. The
name's first word says how the network was found, on its author's word. The rest of the table is made of the
files alone, after both checkers have accepted them.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from decimal import ROUND_FLOOR, Context
from operator import index
from pathlib import Path
from typing import Any

import numpy as np

from ripplecarry.errors import CertificateError, RipplecarryError
from ripplecarry.files import UNREADABLE, write_atomically
from ripplecarry.networks.weights_file import read_weights
from ripplecarry.runs.certificates import CertificateSubject
from ripplecarry.values import shown
from ripplecarry.verification.proof import weights_hash

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "results.md"
FOUND = {"built": "built by hand", "trained": "trained", "polished": "polished"}
LARGEST_BYTES = {".json": 300_000, ".safetensors": 60_000}
"""With larger weights, what their embeddings make of all symbols could fill gigabytes."""
MOST_TRANSITIONS = 100_000
"""Of pieces by symbols, in certificates of format 3: a short one may take the checkers hours."""
_NAME = re.compile(rf"({'|'.join(FOUND)})(-[a-z0-9]+)+")
_TABLE = re.compile(r"^\| entry \|.*\n(?:\|.*\n)*", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """A network that both checkers accept; its fields are the table's columns."""

    entry: str
    base: int
    cell: str
    layers: int
    units: int
    embedding: int
    parameters: int
    not_zero: int
    found: str
    margin: float
    slack: float


def read_entry(certificate: Path) -> Entry:
    """The entry with this certificate.

    Raises:
        CertificateRefused: a checker refuses it.
        CertificateError: another name or task than entries have, or too long a file or check.
        StoreError: the weights are missing or damaged.
    """
    name = _NAME.fullmatch(certificate.stem)
    if name is None:
        raise CertificateError(
            f"its name must be {' or '.join(FOUND)}, then words of a-z and 0-9, with hyphens"
        )
    for suffix, most in LARGEST_BYTES.items():
        path = certificate.with_suffix(suffix)
        size = path.stat().st_size if path.is_file() else 0
        if size > most:
            raise CertificateError(f"{path.name} has {size:,} bytes; {most:,} at most")
    subject = CertificateSubject.of(certificate, certificate.with_suffix(".safetensors"))
    work = _num_transitions(subject.content)
    if work > MOST_TRANSITIONS:
        raise CertificateError(f"it has {work:,} transitions; {MOST_TRANSITIONS:,} at most")
    proof = subject.proof()
    if (proof.task.name, proof.task.num_operands) != ("addition", 2):
        raise CertificateError(
            f"it is about {proof.task.name} of {proof.task.num_operands}; entries add 2 operands"
        )
    weights = read_weights(subject.weights_path.read_bytes())
    return Entry(
        entry=certificate.stem,
        base=proof.task.base,
        cell=proof.cell,
        layers=proof.layers,
        units=weights["dense.weight"].shape[1],
        embedding=weights["embed_layer.weight"].shape[1],
        parameters=sum(array.size for array in weights.values()),
        not_zero=sum(int(np.count_nonzero(array)) for array in weights.values()),
        found=FOUND[name[1]],
        margin=min(proof.margin, subject.second_margin()),
        slack=proof.slack,
    )


def _num_transitions(certificate: Mapping[str, Any]) -> int:
    """Of a certificate whose form the checkers accept."""
    try:
        return sum(index(each["pieces"]) * len(each["next"]) for each in certificate.get("histories", ()))
    except UNREADABLE:
        return 0


def read_entries(folder: Path = FOLDER) -> list[Entry]:
    """All entries of a folder, by base, the smallest first.

    Raises:
        RipplecarryError: as `read_entry`, with the entry's name.
        CertificateError: two entries have the same weights.
    """
    found, names = [], dict[str, str]()
    for name in sorted(
        {path.stem for path in folder.iterdir() if path.suffix in (".json", ".safetensors")}
    ):
        try:
            found.append(read_entry(folder / f"{name}.json"))
            digest = weights_hash(read_weights((folder / f"{name}.safetensors").read_bytes()))
            if names.setdefault(digest, name) != name:
                raise CertificateError(f"it has the weights of {names[digest]}")
        except RipplecarryError as error:
            raise type(error)(f"entry {shown(name)}: {error}") from None
    return sorted(found, key=lambda entry: (entry.base, entry.parameters, entry.not_zero, entry.entry))


def table(entries: list[Entry]) -> str:
    """The table in Markdown."""
    titles = [field.name.replace("_", " ") for field in fields(Entry)]
    rows = [titles, ["---"] * len(titles), *([_shown(value) for value in astuple(e)] for e in entries)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _shown(value: float | str) -> str:
    if isinstance(value, float):  # a bound from below
        return f"{Context(prec=3, rounding=ROUND_FLOOR).create_decimal(value):.3g}"
    return str(value)


def written_table(page: str) -> str:
    """The table on the page."""
    found = _TABLE.search(page)
    if found is None:
        raise CertificateError("the page has no table whose first column is `entry`")
    return found[0]


if __name__ == "__main__":
    try:
        text = PAGE.read_text(encoding="utf-8")
        new = text.replace(written_table(text), table(read_entries()))
    except RipplecarryError as error:
        print(f"board: {error}", file=sys.stderr)
        sys.exit(2)
    write_atomically(PAGE, new.encode())
