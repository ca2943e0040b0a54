"""Writing the playground."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Annotated

from ripplecarry.notebook import Shown
from ripplecarry.verbs.parameters import Option, verb


@dataclass(frozen=True, repr=False)
class PlaygroundFile(Shown):
    """Where the playground is."""

    path: Path
    num_bytes: int

    def _line(self) -> str:
        return f"{self.path}: {self.num_bytes / 1e3:.0f} KB"

    def _picture(self) -> str:
        return f'<a href="{escape(str(self.path))}">{escape(self.path.name)}</a>'


@verb
def playground(
    *,
    out: Annotated[Path | str, Option("The file.")] = "playground.html",
    open_: Annotated[bool, Option("Open the page in the system's browser.")] = False,
) -> PlaygroundFile:
    """One self-contained HTML page in which networks train, are tested and shared by its address.

    Raises:
        ConfigurationError: this installation has no kernel for WebAssembly.
        StoreError: the file cannot be written.
    """
    from ripplecarry.reports.page.playground import write_playground
    from ripplecarry.studies.catalogue import GROUPS, find_studies

    path = Path(out)
    size = write_playground(path, find_studies([*GROUPS["all"]]))
    if open_:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return PlaygroundFile(path, size)
