"""The smallest proved adders: `python -m docs.smallest.board` writes their table in docs/results.md.

An entry is two files beside this one: NAME.safetensors, the weights, and NAME.json, their certificate. The
name's first word says how the network was found. The table is made of the files alone, after both checkers
have accepted them.
"""

import re
import sys
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

import ripplecarry as rc
from ripplecarry.errors import CertificateError, RipplecarryError
from ripplecarry.files import write_atomically
from ripplecarry.networks.weights_file import read_weights

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "results.md"
FOUND = {"built": "built by hand", "trained": "trained", "polished": "polished"}
LARGEST_BYTES = 300_000
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
        CertificateError: another name or task than entries have, or too long a file.
        StoreError: the weights are missing or damaged.
    """
    name = _NAME.fullmatch(certificate.stem)
    if name is None:
        raise CertificateError(
            f"its name must be {' or '.join(FOUND)}, then words of a-z and 0-9, with hyphens"
        )
    size = certificate.stat().st_size if certificate.is_file() else 0
    if size > LARGEST_BYTES:
        raise CertificateError(f"the certificate has {size:,} bytes; {LARGEST_BYTES:,} at most")
    checked = rc.check(certificate, weights=certificate.with_suffix(".safetensors"))
    proof = checked.proof
    if (proof.task.name, proof.task.num_operands) != ("addition", 2):
        raise CertificateError(
            f"it is about {proof.task.name} of {proof.task.num_operands}; entries add 2 operands"
        )
    weights = read_weights(checked.weights_path.read_bytes())
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
        margin=min(proof.margin, checked.second_margin),
        slack=proof.slack,
    )


def read_entries(folder: Path = FOLDER) -> list[Entry]:
    """All entries of a folder, by base, the smallest first.

    Raises:
        RipplecarryError: as `read_entry`, with the entry's name.
    """
    found = []
    for name in sorted(
        {path.stem for path in folder.iterdir() if path.suffix in (".json", ".safetensors")}
    ):
        try:
            found.append(read_entry(folder / f"{name}.json"))
        except RipplecarryError as error:
            raise type(error)(f"entry {name}: {error}") from None
    return sorted(found, key=lambda entry: (entry.base, entry.parameters, entry.not_zero, entry.entry))


def table(entries: list[Entry]) -> str:
    """The table in Markdown."""
    titles = [field.name.replace("_", " ") for field in fields(Entry)]
    rows = [titles, ["---"] * len(titles), *([_shown(value) for value in astuple(e)] for e in entries)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _shown(value: float | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


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
