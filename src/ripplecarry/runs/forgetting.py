"""The estimate of how strongly a run's network forgets, as a file for these weights alone."""

import json
from math import isfinite
from pathlib import Path

from ripplecarry.files import UNREADABLE, read_whole
from ripplecarry.runs.run import Run
from ripplecarry.verification.forgetting import NUM_POSITIONS, Forgetting
from ripplecarry.verification.proof import weights_hash

_MOST_BYTES = 2**16


def written_forgetting(run: Run, found: Forgetting) -> bytes:
    """The file of this estimate."""
    return (json.dumps(_about(run) | {"ratios": found.ratios}, indent=1) + "\n").encode()


def read_forgetting(run: Run, path: Path) -> Forgetting | None:
    """The estimate in a file; None where there is none that can be read, or it is of another network."""
    try:
        content = json.loads(read_whole(path, _MOST_BYTES))
        ratios = tuple(float(ratio) for ratio in content.pop("ratios"))
        is_whole = len(ratios) == NUM_POSITIONS and all(isfinite(ratio) and ratio >= 0 for ratio in ratios)
        return Forgetting(ratios) if is_whole and content == _about(run) else None
    except UNREADABLE:
        return None


def _about(run: Run) -> dict[str, str]:
    return {
        "format": "ripplecarry forgetting 1",
        "run": run.id,
        "weights_sha256": weights_hash(run.weights),
    }
