"""Executing studies."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.notebook import Shown, curves_picture
from ripplecarry.runs.listing import settings_of
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.runs.trial import MOST_SEEDS
from ripplecarry.sweeps.events import Listener, StopRequest
from ripplecarry.sweeps.executors import ExecutorName
from ripplecarry.sweeps.shard import Shard
from ripplecarry.values import shown
from ripplecarry.verbs.parameters import EngineOption, Option, StoreOption, verb

if TYPE_CHECKING:
    import pandas as pd

    from ripplecarry.claims.claim import Verdict
    from ripplecarry.claims.study import Study

_MOST_SEEDS_SHOWN = 12


@dataclass(frozen=True, repr=False)
class StudyResult(Shown):
    """Studies, their finished runs and what became of the others."""

    studies: Sequence["Study"]
    runs_by_study: Mapping[str, Sequence[Run]]
    failed: Mapping[str, str]
    was_interrupted: bool
    stated_late: Mapping[str, Collection[str]]
    """Of each study the ids of claims that were stated after the runs."""

    @property
    def runs(self) -> list[Run]:
        """All finished runs, each once."""
        return list({run.id: run for runs in self.runs_by_study.values() for run in runs}.values())

    def verdicts(self) -> "list[Verdict]":
        """What the runs say of each claim."""
        return [
            verdict
            for one in self.studies
            for verdict in one.judge(self.runs_by_study[one.name], self.stated_late[one.name])
        ]

    def _line(self) -> str:
        words = [f"{study.name}, {len(self.runs_by_study[study.name])} runs" for study in self.studies]
        failed = f"; {len(self.failed)} failed" if self.failed else ""
        return f"{'; '.join(words)}{failed}{'; interrupted' if self.was_interrupted else ''}"

    def _picture(self) -> str:
        import pandas as pd

        parts = []
        for study in self.studies:
            medians = {}
            for arm in study.drawn(self.runs_by_study[study.name]):
                read = [
                    run.curves.set_index("step").exact_match.dropna()
                    for run in arm.runs[:_MOST_SEEDS_SHOWN]
                ]
                median = pd.concat(read, axis=1).median(axis=1)
                medians[arm.case.label] = (median.index.tolist(), median.tolist())
            words = f"exact match, median of the first {_MOST_SEEDS_SHOWN} seeds at most"
            parts.append(
                f"<p>{escape(study.title)}</p>{curves_picture(medians, high=1)}<br><small>{words}</small>"
            )
        return "".join(parts)

    def frame(self) -> "pd.DataFrame":
        """All curves: a row a step and run, with the run's id, seed, engine and all its settings."""
        import pandas as pd

        curves = []
        for study in self.studies:
            for run in self.runs_by_study[study.name]:
                about = {"run": run.id, "seed": run.seed, "engine": run.engine, **settings_of(run)}
                curves.append(run.curves.assign(study=study.name, **about))
        return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()


@verb
def study(
    *studies: Annotated["Study | Path | str", Option("Studies, or files of your own.")],
    seeds: Annotated[
        int | None, Option("Seeds per trial; by default the study's own number.", 1, MOST_SEEDS)
    ] = None,
    workers: Annotated[
        int | None,
        Option("Runs at a time; by default as many as cores, or 512 on a GPU.", 1, MOST_SEEDS),
    ] = None,
    set_: Annotated[
        Sequence[str],
        Option("Values in place of the study's own, as layers=1,3; its claims are left out. Repeatable."),
    ] = (),
    engine: EngineOption = "auto",
    executor: Annotated[ExecutorName, Option("Where runs are computed.")] = "local",
    address: Annotated[str | None, Option("Of a Ray cluster, or auto for the one here.")] = None,
    decide: Annotated[
        bool,
        Option("Then prove each run right or find a wrong answer, as `certify` does; minutes a run."),
    ] = False,
    shard: Annotated[str | None, Option("A part of the runs alone, such as 3/16.")] = None,
    store: StoreOption = DEFAULT_STORE,
    listener: Listener | None = None,
    stop: StopRequest | None = None,
) -> StudyResult:
    """Executes studies in one sweep, so that the cores stay busy to the end; the report's by default.

    `decide`, and more than one worker with the torch engine, use processes, so a script that calls this
    needs `if __name__ == "__main__":` around it.

    Raises:
        ConfigurationError: an unknown study, or options that do not fit together.
        StoreError: the store cannot be written.
    """
    from ripplecarry.claims.dates import claims_stated_late, record_claims
    from ripplecarry.claims.study import Study
    from ripplecarry.claims.variation import vary
    from ripplecarry.studies.catalogue import find_studies
    from ripplecarry.sweeps.sweep import sweep

    if address is not None and executor != "ray":
        raise ConfigurationError(f"address is {address!r}; it goes with executor=ray alone")
    changes = [set_] if isinstance(set_, str) else set_
    if isinstance(changes, Mapping) or not all(isinstance(change, str) for change in changes):
        raise ConfigurationError(f"set_ is {shown(set_)}; it takes texts, such as ['layers=1,3']")
    found: dict[str, Study] = {}
    for each in studies or ("all",):
        some = [each] if isinstance(each, Study) else find_studies([str(each)])
        found |= {one.name: one for one in (vary(one, changes) for one in some)}
    run_store, name = Store(store), engine if engine == "auto" else open_engine(engine).name
    wanted = {one.name: one.requests(seeds or one.seeds, name) for one in found.values()}
    requests = [request for mine in wanted.values() for request in mine]
    if shard is not None:
        requests = Shard.read(shard).of(requests)
    for one in found.values():
        record_claims(one, run_store)
    result = sweep(
        requests,
        run_store,
        num_workers=workers,
        executor=executor,
        address=address,
        listener=listener,
        stop=stop,
    )
    runs: dict[str, Run] = {}
    for run_id in result.finished:
        try:
            runs[run_id] = run_store.open(run_id).verify()
        except StoreError as error:
            result.failed[run_id] = str(error)
    if decide and not result.was_interrupted:
        from ripplecarry.sweeps import deciding

        stop, listener = stop or StopRequest(), listener or Listener()
        deciding.decide([*runs.values()], run_store, num_workers=workers, listener=listener, stop=stop)
        result.was_interrupted = stop.is_made()
    return StudyResult(
        list(found.values()),
        {each: [runs[r.id] for r in mine if r.id in runs] for each, mine in wanted.items()},
        result.failed,
        result.was_interrupted,
        {one.name: claims_stated_late(one, run_store) for one in found.values()},
    )
