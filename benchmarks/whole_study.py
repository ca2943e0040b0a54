"""The report's trials with one seed each: ours from process start to figures, against the report's way."""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from benchmarks.torch_peers import digit_lists_of
from ripplecarry.runs.trial import Trial
from ripplecarry.studies.catalogue import find_studies

STUDIES = ("baseline", "layers", "digits", "learning_rate", "cell")
_TIMED_STEPS = 12


@dataclass(frozen=True)
class WholeStudy:
    """Seconds for all trials."""

    ours_s: float
    report_s: float
    num_trials: int

    @property
    def ratio(self) -> float:
        return self.report_s / self.ours_s


def time_whole_study() -> WholeStudy:
    """Runs ours once; the report's way is timed for some steps of each trial and multiplied up.

    The report's way is its training steps alone, one trial after the other: its readings, its pictures
    and loading PyTorch are left out, which favours it.
    """
    trials = [case.trial for study in find_studies(list(STUDIES)) for case in study.cases()]
    report_s = sum(_seconds_per_step(trial) * trial.steps for trial in trials)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ripplecarry", "study", *STUDIES, "--seeds=1", "--store", folder]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return WholeStudy(time.perf_counter() - began, report_s, len(trials))


def _seconds_per_step(trial: Trial) -> float:
    advance = digit_lists_of(trial)
    advance(3)
    began = time.perf_counter()
    advance(_TIMED_STEPS)
    return (time.perf_counter() - began) / _TIMED_STEPS
