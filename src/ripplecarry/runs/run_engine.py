"""The engine that a run's later commands compute with."""

from ripplecarry.engines.engine import Engine
from ripplecarry.engines.registry import open_engine
from ripplecarry.networks.architecture import is_known
from ripplecarry.runs.run import Run


def engine_of(run: Run, name: str = "auto") -> Engine:
    """The engine of this name; `auto` is PyTorch for a run that was trained on it, or whose cell it alone
    knows.

    Certified runs were trained there for the sake of the proof, which holds for every engine: they are
    computed by the fastest, as runs from a GPU, a file or the playground are.

    Raises:
        ConfigurationError: an unknown name, or an engine that cannot run here.
    """
    is_of_torch = run.engine == "torch" and not run.trial.certify
    return open_engine(
        "torch" if name == "auto" and (is_of_torch or not is_known(run.trial.cell, "native")) else name
    )
