"""A study's numbers as files: CSV for programs, LaTeX for papers."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ripplecarry.files import write_atomically
from ripplecarry.reports.summary import CaseSummary


def write_tables(summary: Sequence[CaseSummary], folder: Path, name: str) -> list[Path]:
    """Writes the summary as CSV, with every digit of its numbers, and as LaTeX, as people read it.

    Returns:
        The paths written.
    """
    numbers = pd.json_normalize([case.as_numbers() for case in summary], sep="_")
    shown = pd.DataFrame([case.as_row() for case in summary])
    texts = {
        ".csv": numbers.to_csv(index=False),
        ".tex": shown.to_latex(index=False, escape=True, na_rep=""),
    }
    paths = [folder / f"{name}{suffix}" for suffix in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write_atomically(path, text.encode())
    return paths


def most_seeds(folder: Path, name: str) -> int:
    """The most seeds of a trial in the folder's CSV table; 0 where there is none to be read."""
    try:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return max(int(row["num_seeds"]) for row in csv.DictReader(file))
    except (OSError, ValueError, KeyError, TypeError):
        return 0
