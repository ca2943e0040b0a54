"""Setting runs side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ripplecarry.errors import ConfigurationError
from ripplecarry.notebook import Shown, curves_picture
from ripplecarry.runs.listing import settings_of
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.verbs.find_run import find_run
from ripplecarry.verbs.parameters import EventsOption, Option, StoreOption, verb

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """Runs side by side: by name, a value a run."""

    runs: Sequence[Run]
    settings: Mapping[str, Sequence[object]]
    """Those that are not the same in all runs, with seed and engine."""
    outcomes: Mapping[str, Sequence[object]]
    events: Sequence[Path]
    """Folders of event files that were written."""

    def _line(self) -> str:
        return f"{len(self.runs)} runs that differ in {', '.join(self.settings)}"

    def _picture(self) -> str:
        curves = {}
        for run in self.runs:
            if "exact_match" in run.curves:
                read = run.curves[["step", "exact_match"]].dropna()
                curves[run.id] = (read.step.tolist(), read.exact_match.tolist())
        return f"{curves_picture(curves, high=1)}<br><small>exact match</small>" if curves else ""

    def frame(self) -> "pd.DataFrame":
        """A row a run by its id: what differs first, then what came of it, then the settings they share."""
        import pandas as pd

        ids = pd.Index([run.id for run in self.runs], name="run")
        shared = pd.DataFrame([settings_of(run) for run in self.runs], index=ids)
        shared = shared.drop(columns=list(self.settings), errors="ignore")
        return pd.DataFrame({**self.settings, **self.outcomes}, index=ids).join(shared)


@verb
def compare(
    *runs: Annotated[Run | Path | str, Option("Runs' ids, their beginnings, or folders.")],
    tensorboard: EventsOption = None,
    store: StoreOption = DEFAULT_STORE,
) -> Comparison:
    """The settings that differ between runs, and what came of each.

    Raises:
        ConfigurationError: fewer than two runs, or one that comes twice; event files without the package
            tensorboard.
        StoreError: no such run, a damaged one, or event files that cannot be written.
    """
    found = [find_run(run, store) for run in runs]
    if len(found) < 2:
        raise ConfigurationError(f"a comparison takes at least two runs, not {len(found)}")
    ids = [run.id for run in found]
    for run_id in ids:
        if ids.count(run_id) > 1:
            raise ConfigurationError(f"run {run_id} was given twice; a comparison takes each run once")
    from ripplecarry.reports.comparison import differing_settings, outcomes
    from ripplecarry.reports.event_files import write_events

    events = write_events(found, Path(tensorboard)) if tensorboard else []
    results = outcomes(found) | {"proof": [Store(store).proof(run) or "none" for run in found]}
    return Comparison(found, differing_settings(found), results, events)
