"""Which claims a store has on record from before their runs, so that nobody can state one after looking.

STORE/studies/NAME/claims.json has a line for each claim in each wording: its hash, when this store first
saw it, and whether every trial of the study had runs by then.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ripplecarry.claims.claim import Claim, Comparison
from ripplecarry.claims.measures import Measure, Property
from ripplecarry.claims.study import Study
from ripplecarry.errors import StoreError
from ripplecarry.files import read_whole, write_atomically
from ripplecarry.runs.store import Store

_NAME = "claims.json"


def record_claims(study: Study, store: Store) -> None:
    """Puts claims on record that the store has not seen in these words; called before runs begin.

    Raises:
        StoreError: the record cannot be written, or is damaged.
    """
    record = _read(store, study.name)
    new = [claim for claim in study.claims if claim_hash(claim) not in record]
    if not new:
        return
    trials = {run_id.partition("-")[0] for run_id in store.ids()}
    entry = {
        "stated_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "after_runs": all(case.trial.id in trials for case in study.cases()),
    }
    _write(store, study.name, record | {claim_hash(claim): {"claim": claim.id} | entry for claim in new})


def claims_stated_late(study: Study, store: Store) -> frozenset[str]:
    """The ids of claims first seen, in these words, when every trial had runs; or never before they ran.

    Raises:
        StoreError: the record is damaged.
    """
    record = _read(store, study.name)
    return frozenset(
        claim.id
        for claim in study.claims
        if record.get(claim_hash(claim), {"after_runs": True})["after_runs"]
    )


def merge_records(source: Store, target: Store) -> None:
    """Takes over another store's record: of each claim the earlier line.

    Raises:
        StoreError: a record is damaged, or cannot be written.
    """
    for path in sorted((source.root / "studies").glob(f"*/{_NAME}")):
        name = path.parent.name
        theirs, ours = _read(source, name), _read(target, name)
        earlier = {
            key: line
            for key, line in theirs.items()
            if key not in ours or line["stated_at"] < ours[key]["stated_at"]
        }
        if earlier:
            _write(target, name, ours | earlier)


def claim_hash(claim: Claim) -> str:
    """A hash of the statement and of the test that decides it."""
    content = json.dumps([claim.statement, _description(claim.decided_by)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _description(part: Any) -> Any:
    if isinstance(part, Measure):
        return part.words_on_record or part.words
    if isinstance(part, Property):
        return part.words
    if isinstance(part, Comparison):
        return [type(part).__name__, {name: _description(value) for name, value in vars(part).items()}]
    if isinstance(part, Mapping):
        return {str(name): _description(value) for name, value in part.items()}
    if isinstance(part, tuple | list):
        return [_description(value) for value in part]
    return part.__qualname__ if isinstance(part, Callable) else repr(part)


def _path(store: Store, study: str) -> Path:
    return store.root / "studies" / study / _NAME


def _read(store: Store, study: str) -> dict[str, dict[str, Any]]:
    path = _path(store, study)
    try:
        record = json.loads(read_whole(path))
        if all(
            isinstance(line["stated_at"], str) and isinstance(line["after_runs"], bool)
            for line in record.values()
        ):
            return record
        raise ValueError("a line lacks its time")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"{path} is damaged: {error!r}; delete it, and its claims count as stated after their runs"
        ) from None


def _write(store: Store, study: str, record: Mapping[str, Any]) -> None:
    store.study_folder(study)
    write_atomically(_path(store, study), (json.dumps(record, indent=1) + "\n").encode())
