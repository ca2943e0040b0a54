"""The package's Python code needs nothing that only POSIX has."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("without_posix.py")


def test_runs_are_made_and_used_without_what_only_posix_has(tmp_path):
    command = [sys.executable, "-X", "warn_default_encoding", PROGRAM, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stdout.splitlines()[-1:] == ["all done"], done.stderr
