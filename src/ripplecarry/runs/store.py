"""The store: a folder of run folders, with queries over them.

STORE/runs/ID/             finished runs
STORE/unfinished/ID/       the checkpoint of each unfinished run; removed when it finishes
STORE/certificates/ID.json certificates of runs
STORE/counterexamples/ID.json of each run the shortest wrong answer known
STORE/forgetting/ID.json   of each run the estimate of how strongly it forgets, once made
STORE/machines/            pictures of the machines that were extracted
STORE/pages/ID.html        pages to explore runs
STORE/exports/             networks in formats that other programs read
STORE/evaluations/NAME/    evaluations of runs and other adders
STORE/comparisons/         figures of runs side by side
STORE/studies/NAME/        figures and tables of each study; when its claims were first seen
STORE/report*.html         reports of sweeps
STORE/index.json           what `frame` last read from every run; may be deleted
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from warnings import warn

from ripplecarry.errors import DamageError, StoreError
from ripplecarry.files import locked, read_whole, write_atomically, write_together, writing
from ripplecarry.runs.forgetting import read_forgetting, written_forgetting
from ripplecarry.runs.index import Row, indexed_rows
from ripplecarry.runs.listing import ALL, BY_ID, COLUMNS, FORGETTING, KNOWN, PROOF, row_of, select
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_files import REMEDY, is_run_id
from ripplecarry.runs.trial import RunRequest
from ripplecarry.runs.write_run import move_into_place
from ripplecarry.verification.forgetting import Forgetting
from ripplecarry.verification.proof import weights_hash

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_STORE = Path("results")
_LONGEST_NAME = 100
"""Systems allow names of 255 bytes."""

ProofStatus = Literal["certified", "refuted", "unchecked"]


class Store:
    """Runs in a folder, which is created when first written to."""

    def __init__(self, root: Path | str = DEFAULT_STORE) -> None:
        self.root = Path(os.path.expanduser(root))
        if os.path.isfile(self.root):
            raise StoreError(f"{root} is a file, and no store: a store is a folder")

    def run_folder(self, run_id: str) -> Path:
        return self.root / "runs" / run_id

    def certificate_path(self, run_id: str) -> Path:
        """The path of a run's certificate, whether or not it exists."""
        return self.root / "certificates" / f"{run_id}.json"

    def counterexample_path(self, run_id: str) -> Path:
        """Where the shortest known counterexample of a run is, if any is known."""
        return self.root / "counterexamples" / f"{run_id}.json"

    def forgetting_path(self, run_id: str) -> Path:
        """Where the estimate of how strongly a run forgets is, if it was made."""
        return self.root / "forgetting" / f"{run_id}.json"

    def owns(self, run: Run) -> bool:
        """Whether this run's folder is the store's; one of the same id may lie elsewhere."""
        return run.folder.resolve() == self.run_folder(run.id).resolve()

    def proof(self, run: Run) -> ProofStatus | None:
        """What is known of this run: a wrong answer, which `certify` or `evaluate` found; a certificate
        that the checker has accepted for it, or has not seen yet; None for neither.

        Wrong answers are of the store's own runs; an accepted certificate is about a run's weights.
        """
        is_own = self.owns(run)
        if is_own and (self.counterexample_path(run.id).is_file() or self._has_failed(run.id)):
            return "refuted"
        path = self.certificate_path(run.id)
        if not path.is_file():
            return None
        from ripplecarry.runs.proofs import recorded

        if recorded(run, path) is not None:
            return "certified"
        return "unchecked" if is_own else None

    def forgetting(self, run: Run) -> Forgetting | None:
        """How strongly this run's network forgets, where `certify` has estimated it."""
        return read_forgetting(run, self.forgetting_path(run.id))

    def machine_folder(self) -> Path:
        """The folder for pictures of machines; created if needed."""
        return self._made(self.root / "machines")

    def page_path(self, run_id: str) -> Path:
        """The path of a run's page."""
        return self.root / "pages" / f"{run_id}.html"

    def evaluation_folder(self, name: str) -> Path:
        """The folder for an adder's evaluation; created if needed."""
        return self._made(self.root / "evaluations" / name)

    def comparison_folder(self) -> Path:
        """The folder for figures of runs side by side; created if needed."""
        return self._made(self.root / "comparisons")

    def study_folder(self, name: str) -> Path:
        """The folder for a study's figures; created if needed."""
        return self._made(self.root / "studies" / name)

    def unfinished_folder(self, run_id: str) -> Path:
        """The folder for an unfinished run's checkpoint; created if needed."""
        return self._made(self.root / "unfinished" / run_id)

    def staging_folder(self, run_id: str) -> Path:
        """An empty folder for the files of a finishing run; the caller holds the run's lock."""
        staged = self.unfinished_folder(run_id) / "finished"
        with writing(staged):
            try:
                staged.mkdir()
            except FileExistsError:  # a killed process left it
                shutil.rmtree(staged, ignore_errors=True)
                staged.mkdir()
        return staged

    def prepare(self) -> None:
        """Creates the folders for runs.

        Raises:
            StoreError: they cannot be created or written.
        """
        for name in ("runs", "unfinished"):
            folder = self._made(self.root / name)
            if not os.access(folder, os.W_OK):
                raise StoreError(f"cannot write to {folder}: no permission")

    def check_is_there(self) -> None:
        """Refuses a folder in which nothing was ever stored.

        Raises:
            StoreError: it is one.
        """
        if not os.path.isdir(self.root / "runs"):
            raise StoreError(f"no store at {self.root}; `ripplecarry study` and `train` make one")

    def has(self, run_id: str) -> bool:
        """Whether this run is finished."""
        return self.run_folder(run_id).is_dir()

    def open(self, run_id: str) -> Run:
        """The finished run with this id.

        Raises:
            DamageError: its folder holds another run.
        """
        run = Run.open(self.run_folder(run_id))
        if run.id != run_id:
            raise DamageError(f"{run.folder} holds run {run.id}{REMEDY}")
        return run

    def open_requested(self, request: RunRequest) -> Run:
        """The finished run that was asked for, once every file of it is found whole.

        Raises:
            StoreError: another trial has the same id.
        """
        run = self.open(request.id).verify()
        if run.trial != request.trial:
            raise StoreError(f"run {request.id} is in the store with other settings that have the same id")
        self.check_start(run)
        return run

    def check_start(self, run: Run) -> None:
        """Refuses a run that started from other weights than the run that this store has under that id;
        runs of earlier versions do not tell.

        Raises:
            StoreError: it did.
        """
        start, weights = run.trial.started_from, run.state.get("start_weights")
        if start is None or weights is None or not self.has(start):
            return
        if weights_hash(self.open(start).weights) != weights:
            raise StoreError(
                f"run {run.id} started from run {start} with other weights than {self.root} has as {start}"
            )

    def ids(self) -> list[str]:
        """The ids of the finished runs."""
        folder = self.root / "runs"
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []

    def unfinished_ids(self) -> list[str]:
        """The ids of unfinished runs with a checkpoint."""
        folder = self.root / "unfinished"
        return sorted(path.parent.name for path in folder.glob("*/checkpoint.safetensors"))

    def keep(self, staged: Path, run_id: str) -> Run:
        """Moves a complete folder to the finished runs and deletes the run's checkpoint."""
        move_into_place(staged, self.run_folder(run_id))
        unfinished = self.root / "unfinished" / run_id
        try:
            unfinished.rmdir()
        except OSError:  # it had a checkpoint
            shutil.rmtree(unfinished, ignore_errors=True)
        return self.open(run_id)

    def keep_files(self, run_id: str, files: Mapping[str, bytes]) -> Run:
        """Stores a run made elsewhere from its files' contents, after verifying them.

        Raises:
            StoreError: they are damaged, or belong to another run.
        """
        staged = self.staging_folder(run_id)
        write_together(staged, {Path(name).name: content for name, content in files.items()})
        run = Run.open(staged).verify()
        if run.id != run_id:
            raise StoreError(f"{run_id} came with the files of run {run.id}")
        return self.keep(staged, run_id)

    def keep_certificate(self, run_id: str, content: bytes) -> None:
        """Writes a run's certificate."""
        path = self.certificate_path(run_id)
        self._made(path.parent)
        write_atomically(path, content)

    def keep_counterexample(self, run_id: str, content: Mapping[str, Any]) -> None:
        """Writes a run's counterexample over any that was there."""
        path = self.counterexample_path(run_id)
        self._made(path.parent)
        write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())

    def keep_forgetting(self, run: Run, found: Forgetting) -> None:
        """Writes the estimate of how strongly a run forgets, over any that was there."""
        path = self.forgetting_path(run.id)
        self._made(path.parent)
        with self.claim(run.id):
            write_atomically(path, written_forgetting(run, found))

    @contextmanager
    def claim(self, run_id: str) -> Generator[None]:
        """Locks a run for this process; a second sweep into the same store waits here."""
        lock = self._made(self.root / "unfinished") / f"{run_id}.lock"
        with locked(lock):
            try:
                yield
            finally:
                with suppress(OSError):  # a leftover lock file does no harm
                    lock.unlink()

    def clear_leftovers(self, run_id: str) -> None:
        """Removes what a killed process left beside a finished run."""
        folder = self.root / "unfinished" / run_id
        if folder.exists() or folder.with_name(f"{run_id}.lock").exists():
            with self.claim(run_id):
                shutil.rmtree(folder, ignore_errors=True)

    def report_path(self, studies: Sequence[str], *, has_fewer_seeds: bool = False) -> Path:
        """The path of the report of a sweep: one for each choice of studies; and one each for fewer seeds
        than that has.

        Args:
            studies: their names; none stands for the course report's.
        """
        which = "_".join(sorted(studies))
        if len(which) > _LONGEST_NAME:
            which = hashlib.sha256(which.encode()).hexdigest()[:10]
        parts = ["report", which, "fewer_seeds" if has_fewer_seeds else ""]
        return self._made(self.root) / f"{'_'.join(filter(None, parts))}.html"

    def rows(self) -> tuple[list[Row], list[str]]:
        """What `frame` has, by id, without loading pandas or DuckDB; and a line for each damaged run."""

        def read(run_id: str) -> Row:
            return row_of(self.open(run_id))

        rows, damaged = indexed_rows(self.root / "runs", self.root / "index.json", COLUMNS, read)
        known = self._known_rows()
        for row in rows:
            # The index is a file like any other: what is called proved is read off the run itself.
            row |= known.get(row["id"], dict.fromkeys(KNOWN))
        return rows, damaged

    def frame(
        self, where: str = ALL, sort: str = BY_ID, damaged: Callable[[str], None] = warn
    ) -> "pd.DataFrame":
        """One row per finished run: id, seed, engine, outcome, settings, last metrics, time, what is known.

        Args:
            where: an SQL condition on these columns, as DuckDB reads it.
            sort: columns to order by, each optionally followed by `desc`.
            damaged: told of each run that is damaged, which the frame leaves out.
        Raises:
            ConfigurationError: DuckDB refuses the condition or order.
            StoreError: there is no store.
        """
        self.check_is_there()
        rows, faults = self.rows()
        for words in faults:
            damaged(words)
        return select(rows, where, sort)

    def row_of(self, run: Run) -> Row:
        """A row as `rows` has them, of a run that may lie elsewhere."""
        estimate = self.forgetting(run)
        return row_of(run) | {PROOF: self.proof(run), FORGETTING: estimate and estimate.factor}

    def _known_rows(self) -> dict[str, Row]:
        """The row of each whole run of which more may be known than its folder tells, by id."""
        folders = ("certificates", "counterexamples", "forgetting")
        ids = {path.stem for name in folders for path in self._files(name, "*.json")}
        ids |= {path.parent.name for path in self._files("evaluations", "*/evaluation.json")}
        found = {}
        for run_id in filter(self.has, filter(is_run_id, ids)):
            with suppress(StoreError):
                found[run_id] = self.row_of(self.open(run_id))
        return found

    def _files(self, folder: str, pattern: str) -> list[Path]:
        return list((self.root / folder).glob(pattern))

    def _has_failed(self, run_id: str) -> bool:
        path = self.root / "evaluations" / run_id / "evaluation.json"
        try:
            return json.loads(read_whole(path))["failure"] is not None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False

    def _made(self, folder: Path) -> Path:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write to {folder}: {error.strerror}") from None
        return folder
