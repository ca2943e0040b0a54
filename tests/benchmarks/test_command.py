"""`python -m benchmarks`: what it prints and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.command import call
from ripplecarry.engines.kernel import is_available

ROOT = Path(__file__).parents[2]


def test_steps_are_timed_as_ratios_and_what_is_left_out_is_named(capsys):
    """In a process of its own, since it keeps its process to one core."""
    without_numba = "import sys; sys.modules['numba'] = None; from benchmarks.command import call; "
    command = [sys.executable, "-c", without_numba + "sys.exit(call(sys.argv[1:]))"]
    command += ["--rounds=2", "--positions=4", "--json"]
    command += ["--cells=rnn,gru", "--peers=native,torch modules,digit lists,jax,numba"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    report = json.loads(result.stdout)
    peers = {(each["cell"], each["peer"]): each for each in report["timings"]}
    assert peers["rnn", "torch modules"]["ms_per_step"] > 0
    assert peers["gru", "digit lists"]["ms_per_step"] > 0
    assert ("gru", "numba") not in peers
    assert "pip install" in report["left_out"]["numba, gru"]
    if is_available():
        assert peers["rnn", "native"]["times_native"] == 1
        assert 0 < peers["rnn", "native"]["share_of_peak"] < 1
    assert call(["--peers", "abacus"]) == 2
    assert "unknown peer 'abacus'; choose from native" in capsys.readouterr().err


def test_sweeps_are_timed_by_executor(capsys):
    assert call(["--sweep", "6", "--executors", "inline, threads", "--json"]) == 0

    inline, threads = json.loads(capsys.readouterr().out)["sweeps"]
    assert (inline["executor"], threads["executor"]) == ("inline", "threads")
    assert (inline["num_workers"], threads["num_workers"]) == (1, 2)
    assert min(inline["ms_per_run"], inline["cpu_ms_per_run"], inline["ms_of_training"]) > 0
    assert len(inline["driver_mib"]) == 3
    assert call(["--sweep", "6", "--executors", "steam"]) == 2
    assert "unknown executor 'steam'; choose from inline, threads" in capsys.readouterr().err


def test_help_and_wrong_usage_name_the_way_to_start_it(capsys):
    assert call(["--help"]) == 0
    assert "Example: python -m benchmarks" in capsys.readouterr().out
    assert call(["--pears", "native"]) == 2
    assert "--pears" in capsys.readouterr().err
