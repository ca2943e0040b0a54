"""The store: a folder of run folders, with queries over them.

STORE/runs/ID/             finished runs
STORE/unfinished/ID/       the checkpoint of each unfinished run; removed when it finishes
STORE/certificates/ID.json certificates of runs
STORE/counterexamples/ID.json of each run the shortest wrong answer known
STORE/machines/            pictures of the machines that were extracted
STORE/pages/ID.html        pages to explore runs
STORE/exports/             networks in formats that other programs read
STORE/evaluations/NAME/    evaluations of runs and other adders
STORE/comparisons/         figures of runs side by side
STORE/studies/NAME/        figures of each study
STORE/report*.html         the report of each sweep
STORE/index.json           what `frame` last read from every run; may be deleted
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ripplecarry.errors import ConfigurationError, DamageError, StoreError
from ripplecarry.files import read_whole, write_atomically, write_together, writing
from ripplecarry.runs.index import Row, indexed_rows
from ripplecarry.runs.readings import HARD
from ripplecarry.runs.run import REMEDY, Run, is_run_id, move_into_place
from ripplecarry.runs.sql_hints import hint
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.training.checkpoint import check_checkpoint

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_STORE = Path("results")

_METRICS = (
    "loss",
    "exact_match",
    "digit_accuracy",
    "exact_match_at_9",
    "digit_accuracy_at_9",
    HARD,
)
_SETTINGS = [name for name in Trial.model_fields if name != "machine"]
_COLUMNS = [
    *("id", "seed", "engine", "outcome", *_SETTINGS, "steps_done", *_METRICS),
    *("metrics_read_after_step", "exact_from_step", "exact_from_s", "train_s", "finished_at"),
]
_PROOF = "proof"
_TYPES = {int: "BIGINT", float: "DOUBLE", str: "VARCHAR", bool: "BOOLEAN"}
_TYPES_WITHOUT_DEFAULT = {"lower_rate": "DOUBLE", "polished_from": "VARCHAR"}


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
        return run

    def find(self, name: str) -> Run:
        """A run by its folder, its id, or any beginning of the id that no other run shares.

        Raises:
            StoreError: no run matches, several do, or it is damaged.
        """
        if os.path.isdir(name):  # False for names that no folder can have
            return Run.open(Path(name))
        if is_run_id(name) and self.has(name):
            return self.open(name)
        matches = [known for known in self.ids() if known.startswith(name)]
        if len(matches) == 1:
            return self.open(matches[0])
        if matches:
            shown = ", ".join(matches[:4]) + (", …" if len(matches) > 4 else "")
            raise StoreError(f"{name!r} begins {len(matches)} runs' ids: {shown}; give more of it")
        raise StoreError(
            f"no run {name!r} in {self.root}, nor a folder of that name; "
            f"`ripplecarry runs` lists the {len(self.ids())} runs"
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

    @contextmanager
    def claim(self, run_id: str) -> Generator[None]:
        """Locks a run for this process; a second sweep into the same store waits here."""
        lock = self._made(self.root / "unfinished") / f"{run_id}.lock"
        with _locked(lock):
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

    def discard_damaged(self) -> list[str]:
        """Reads every byte of every run and checkpoint, and deletes the damaged ones.

        Whole ones remain, as do those that cannot be read or have a newer format.

        Returns:
            The damage of each one deleted.
        Raises:
            StoreError: something cannot be deleted.
        """
        folders = [(run_id, self.run_folder(run_id), Run.check) for run_id in self.ids()]
        folders += [
            (run_id, self.root / "unfinished" / run_id, _check_begun) for run_id in self.unfinished_ids()
        ]
        words = []
        for run_id, folder, check in folders:
            if _damage(folder, check) is None:
                continue
            with self.claim(run_id), writing(folder):
                damage = _damage(folder, check)  # by now another process may have replaced it
                if damage is not None:
                    shutil.rmtree(folder)
                    words.append(damage)
        return words

    def report_path(self, studies: Sequence[str]) -> Path:
        """The path of the report of a sweep over these studies."""
        name = "report" if len(studies) > 4 else f"report_{'_'.join(studies)}"
        return self._made(self.root) / f"{name}.html"

    def frame(self, where: str = "true", sort: str = "id") -> "tuple[pd.DataFrame, list[str]]":
        """One row per finished run: id, seed, engine, outcome, settings, last metrics, time, proof.

        Args:
            where: an SQL condition on these columns, as DuckDB reads it.
            sort: columns to order by, each optionally followed by `desc`.
        Returns:
            The frame, and a line for each damaged run, which the frame leaves out.
        Raises:
            ConfigurationError: DuckDB refuses the condition or order.
        """
        import duckdb
        import pandas as pd

        def read(run_id: str) -> Row:
            return _row(self.open(run_id))

        rows, damaged = indexed_rows(self.root / "runs", self.root / "index.json", _COLUMNS, read)
        if not rows:
            return pd.DataFrame(), damaged
        proofs = self._proofs()
        for row in rows:
            # The index is a file like any other: what is called proved is read off the run itself.
            row |= _row(proofs[row["id"]][0]) if row["id"] in proofs else {}
            row[_PROOF] = proofs[row["id"]][1] if row["id"] in proofs else None
        connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        try:
            connection.register("found", pd.DataFrame(rows))
            columns = ", ".join(
                f"CAST({name} AS {_sql_type(name)}) AS {name}" if _sql_type(name) else name
                for name in rows[0]
            )
            connection.execute(f"CREATE TABLE runs AS SELECT {columns} FROM found")
            connection.unregister("found")
            # The caller's SQL can access this table and nothing else on the machine.
            connection.execute("SET enable_external_access = false; SET lock_configuration = true")
            query = f"SELECT * FROM runs WHERE {where} ORDER BY {sort}"
            if len(duckdb.extract_statements(query)) != 1:
                raise ConfigurationError(f"where={where!r} sort={sort!r}: more than one statement")
            return connection.execute(query).df(), damaged
        except duckdb.Error as error:
            raise ConfigurationError(
                f"where={where!r} sort={sort!r}: {_reason(error, f'{where} {sort}')}"
            ) from None
        finally:
            connection.close()

    def frame_of(self, runs: Sequence[Run]) -> "pd.DataFrame":
        """Rows as `frame` has them, of runs that may lie elsewhere."""
        import pandas as pd

        return pd.DataFrame([_row(run) | {_PROOF: self.proof(run)} for run in runs])

    def _proofs(self) -> dict[str, tuple[Run, ProofStatus]]:
        """Every run that has a `proof`, with it; damaged runs have none."""
        ids = {
            path.stem
            for name in ("certificates", "counterexamples")
            for path in self._files(name, "*.json")
        }
        ids |= {path.parent.name for path in self._files("evaluations", "*/evaluation.json")}
        found = {}
        for run_id in filter(self.has, filter(is_run_id, ids)):
            with suppress(StoreError):
                run = self.open(run_id)
                proof = self.proof(run)
                if proof is not None:
                    found[run_id] = (run, proof)
        return found

    def _files(self, folder: str, pattern: str) -> list[Path]:
        return list((self.root / folder).glob(pattern))

    def _has_failed(self, run_id: str) -> bool:
        path = self.root / "evaluations" / run_id / "evaluation.json"
        try:
            return json.loads(read_whole(path))["failure"] is not None
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            RecursionError,
        ):
            return False

    def _made(self, folder: Path) -> Path:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write to {folder}: {error.strerror}") from None
        return folder


@contextmanager
def _locked(lock: Path) -> Generator[None]:
    """Holds the lock file of this name, which its previous holder may have deleted meanwhile."""
    while True:
        with writing(lock):
            file = lock.open("w")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(lock)):
                    yield
                    return


def _reason(error: Exception, sql: str) -> str:
    """Why DuckDB refuses a condition or order, with the columns that exist."""
    kind, _, words = str(error).splitlines()[0].partition(": ")
    words = words.removesuffix("!").removesuffix(" in FROM clause") or kind
    columns = [*_COLUMNS, _PROOF]
    words += hint(words, sql, columns)
    return f"{words}; SQL conditions and orders use the columns {', '.join(columns)}"


def _check_begun(folder: Path) -> object:
    return check_checkpoint(folder / "checkpoint.safetensors")


def _damage(folder: Path, check: Callable[[Path], object]) -> str | None:
    """What is damaged in this folder; None if nothing is, or it cannot be determined."""
    try:
        check(folder)
    except DamageError as error:
        return str(error)
    except StoreError:
        return None
    return None


def _row(run: Run) -> Row:
    names = ("id", "seed", "engine", "metrics_read_after_step", "exact_from_step", "exact_from_s")
    own = {name: getattr(run, name) for name in names}
    found = run.state["last"] | run.state | run.trial.model_dump(exclude={"machine"}) | own
    return {name: found.get(name) for name in _COLUMNS}


def _sql_type(column: str) -> str | None:
    """The type of columns that may be empty, so no type can be inferred."""
    if column == _PROOF:
        return "VARCHAR"
    if column not in Trial.model_fields:
        return None
    default = Trial.model_fields[column].default
    return _TYPES.get(type(default)) or _TYPES_WITHOUT_DEFAULT.get(column, "BIGINT")
