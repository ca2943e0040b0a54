"""`python -m benchmarks.startup`: how long commands take to start, beside `import numpy`."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ripplecarry.console import print_table
from ripplecarry.runs.environment import processor_name

ROUNDS = 9

_NUMPY = 'python -c "import numpy"'
_SMALL = ("--layers=1", "--hidden-size=4", "--embedding-size=2", "--digits=2", "--batch-size=4")
_ONE_STEP = ("train", "--steps=1", "--engine=native", *_SMALL)


@dataclass(frozen=True)
class Startup:
    """A command from its start to its end."""

    command: str
    ms: float
    """Median over the rounds."""
    times_numpy: float
    """Median of the ratios to the import of NumPy in the same round."""
    at_most: float | None
    """The ratio that it should stay below."""


def time_startups(rounds: int = ROUNDS) -> list[Startup]:
    """Every command once in each round, with compiled modules on disk, as after its first use."""
    with tempfile.TemporaryDirectory() as folder:
        filled = ("--store", str(Path(folder, "filled")))
        at_most = {
            _NUMPY: None,
            "ripplecarry --help": 2.0,
            "ripplecarry runs": 4.0,
            "ripplecarry train --steps 1": 5.0,
        }
        environment = _environment(Path(folder, "compiled"))
        _seconds(_ripplecarry(*_ONE_STEP, *filled), environment)
        times: dict[str, list[float]] = {name: [] for name in at_most}
        for number in range(rounds + 1):
            fresh = ("--store", str(Path(folder, f"fresh {number}")))
            processes = (
                [sys.executable, "-c", "import numpy"],
                _ripplecarry("--help"),
                _ripplecarry("runs", *filled),
                _ripplecarry(*_ONE_STEP, *fresh),
            )
            for name, words in zip(at_most, processes, strict=True):
                seconds = _seconds(words, environment)
                if number:  # the first round compiles
                    times[name].append(seconds)
    numpy = times[_NUMPY]
    return [
        Startup(
            name,
            1e3 * statistics.median(mine),
            statistics.median(m / n for m, n in zip(mine, numpy, strict=True)),
            at_most[name],
        )
        for name, mine in times.items()
    ]


def _ripplecarry(*words: str) -> list[str]:
    return [sys.executable, "-m", "ripplecarry", *words]


def _environment(compiled: Path) -> Mapping[str, str]:
    own = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(compiled)}
    return os.environ | own


def _seconds(words: Sequence[str], environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(words, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    print_table(
        f"{processor_name()}: from start to end, medians of {ROUNDS} turns",
        [
            {
                "command": each.command,
                "ms": f"{each.ms:.0f}",
                "x numpy": f"{each.times_numpy:.2f}",
                "at most": "" if each.at_most is None else f"{each.at_most:.0f}",
            }
            for each in time_startups()
        ],
    )
