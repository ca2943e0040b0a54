"""Writing a run's page."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ripplecarry.networks.architecture import check_known
from ripplecarry.notebook import Shown
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.verbs.find_run import find_run
from ripplecarry.verbs.parameters import EngineOption, Option, RunOption, Say, StoreOption, verb

if TYPE_CHECKING:
    from ripplecarry.reports.page.standing import Standing


@dataclass(frozen=True, repr=False)
class Page(Shown):
    """Where a run's page is, and what it says of the run's answers."""

    path: Path
    run: Run
    standing: "Standing"

    def _line(self) -> str:
        return f"{self.path}, {self.standing.words}"

    def _picture(self) -> str:
        return f'<a href="{escape(str(self.path))}">{escape(self.path.name)}</a>'


@verb
def page(
    run: RunOption,
    *,
    out: Annotated[Path | str | None, Option("The file; by default in the store's `pages`.")] = None,
    engine: EngineOption = "auto",
    store: StoreOption = DEFAULT_STORE,
    say: Say = lambda words: None,
) -> Page:
    """One self-contained HTML page to explore a run's network.

    Certificates and evaluations of the run are looked for in the store.

    Args:
        say: told what is being done.
    Raises:
        ConfigurationError: a run that a page cannot show.
        StoreError: no such run, a damaged one, or a page that cannot be written.
    """
    subject, target = find_run(run, store), None if out is None else Path(out)
    check_known(subject.trial.cell, by="page")
    from ripplecarry.reports.page.writer import write_page

    path, standing = write_page(subject, Store(store), target, engine=engine_of(subject, engine), say=say)
    return Page(path, subject, standing)
