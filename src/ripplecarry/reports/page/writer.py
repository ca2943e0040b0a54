"""The page's single file: template, style, scripts and a run's content combined."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ripplecarry.engines.engine import Engine
from ripplecarry.errors import StoreError
from ripplecarry.files import write_atomically
from ripplecarry.reports.page.content import check_fits, page_content
from ripplecarry.reports.page.examples import hardest
from ripplecarry.reports.page.standing import Standing, standing_of
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import Store

ASSETS = Path(__file__).with_name("assets")

_IMPORT = re.compile(r'from "\./(\w+)\.js"')


def write_page(
    run: Run,
    store: Store,
    path: Path | None = None,
    *,
    engine: Engine | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> tuple[Path, Standing]:
    """Writes a run's page and returns its path, with the verdict that it shows.

    Args:
        path: by default in the store.
        engine: computes the answers that the page shows; by default the fastest.
        say: called with a line about each stage.
    Raises:
        ConfigurationError: a page cannot show this run.
        CertificateError, StoreError: the store's certificate, evaluation or run is damaged, or the page
            cannot be written.
    """
    if path is not None and (path.is_dir() or not path.name):
        raise StoreError(f"cannot write {path}: it is a folder; give a file's name")
    if path is not None and not path.parent.is_dir():
        raise StoreError(f"cannot write {path}: there is no folder {path.parent}")
    check_fits(run)
    network = (engine or engine_of(run)).load(run.trial, run.task, run.weights)
    near, wrong = hardest(network, run.task, run.trial.digits)
    standing = standing_of(run, store, network, wrong, say)
    content = page_content(run, wrong, near, standing)
    target = path or store.page_path(run.id)
    try:
        if path is None:
            target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, compose(content).encode(errors="backslashreplace"))
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error.strerror}") from None
    return target, standing


def compose(content: dict[str, object]) -> str:
    """The self-contained page with this content."""
    run: Any = content["run"]
    task: Any = content["task"]
    carries = task["kind"] in ("addition", "times")
    return fill("page.html", "main", content, run_id=run["id"], carries=carries)


def fill(
    template: str,
    entry: str,
    content: Mapping[str, object],
    *,
    workers: tuple[str, ...] = (),
    **gaps: str | bool,
) -> str:
    """A template with its style, content and scripts.

    Args:
        entry: the module whose `start` begins it.
        workers: modules that it starts workers with.
    """
    environment = Environment(
        loader=PackageLoader("ripplecarry.reports.page", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    # "</" would end the element that holds the JSON; in a JSON string "<\/" means the same.
    data = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    return environment.get_template(template).render(
        style=Markup((ASSETS / "page.css").read_text(encoding="utf-8")),
        entry=entry,
        modules={name: Markup(source) for name, source in modules(entry, *workers).items()},
        data=Markup(data),
        **gaps,
    )


@cache
def modules(*entries: str) -> dict[str, str]:
    """The ES modules that these need, by name, each after those that it imports.

    Raises:
        CycleError: two modules import each other.
    """
    sources: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    waiting = [*entries]
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = (ASSETS / f"{name}.js").read_text(encoding="utf-8")
            needs[name] = _IMPORT.findall(sources[name])
            waiting += needs[name]
    return {name: sources[name] for name in TopologicalSorter(needs).static_order()}
