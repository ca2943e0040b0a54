"""Nothing is called proved that the checker has not accepted for these weights, this task and this run."""

import json
import shutil
import subprocess
import sys

import pytest
import safetensors.numpy
from made_certificates import SETTINGS, certified
from test_merging import replace_result

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.claims.measures import is_certified
from ripplecarry.cli import call
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import CertificateError, CertificateRefused, DamageError, StoreError
from ripplecarry.reports.page.standing import standing_of
from ripplecarry.runs import proofs
from ripplecarry.runs.certificates import CertificateSubject
from ripplecarry.runs.merging import merge
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_files import checksum, state_checksum
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.execute_run import execute_run

THREE_KEYS = b'{"format": "ripplecarry certificate 2", "statement": "all is well", "margin": 9.0}'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with a certified run, one that is not, and a copy of neither."""
    store = Store(tmp_path_factory.mktemp("made"))
    small = SETTINGS | {"steps": 500}
    execute_run(RunRequest(Trial.build(small), 0, "torch"), store)
    execute_run(RunRequest(Trial.build(small | {"certify": False, "steps": 20}), 0, "torch"), store)
    return store


@pytest.fixture
def copied(made, tmp_path, monkeypatch):
    """The same store as somebody else receives it: with an empty cache."""
    monkeypatch.setenv("RIPPLECARRY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return Store(shutil.copytree(made.root, tmp_path / "results"))


def the_run(store, *, is_certified):
    (run,) = (r for r in map(store.open, store.ids()) if r.trial.certify is is_certified)
    return run


def test_a_run_that_was_certified_here_is_certified(made):
    run = the_run(made, is_certified=True)

    assert made.proof(run) == "certified"
    assert is_certified().holds(run)


def test_a_store_that_comes_from_elsewhere_brings_no_trust(copied):
    run = the_run(copied, is_certified=True)

    assert copied.proof(run) == "unchecked"
    assert copied.frame("proof = 'unchecked'").id.tolist() == [run.id]
    assert is_certified().holds(run)  # the checker runs, and accepts
    assert copied.proof(run) == "certified"


def test_a_file_of_three_keys_proves_nothing(copied, capsys):
    run = the_run(copied, is_certified=True)
    copied.certificate_path(run.id).write_bytes(THREE_KEYS)

    settings = [
        f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items() if name != "certify"
    ]
    assert call(["train", "--certify", *settings, "--steps=500"]) == 1
    assert "not certified" in capsys.readouterr().out
    assert copied.proof(run) == "unchecked"
    assert not is_certified().holds(run)
    assert call(["runs", run.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["proof"] == "unchecked"


def test_a_refused_certificate_is_told_and_a_proof_looked_for(copied, capsys):
    run = the_run(copied, is_certified=True)
    copied.certificate_path(run.id).write_bytes(THREE_KEYS)

    assert call(["certify", run.id]) == 0

    told = capsys.readouterr()
    assert "it is refused" in told.err
    assert told.out.startswith(f"certified: run {run.id}")
    assert copied.proof(run) == "certified"


def test_a_certificate_of_another_run_is_refused_though_it_is_named_after_this_one(copied, capsys):
    run, other = (the_run(copied, is_certified=each) for each in (True, False))
    path = copied.certificate_path(other.id)
    path.write_bytes(copied.certificate_path(run.id).read_bytes())

    assert call(["check", str(path)]) == 1
    assert "about another run" in capsys.readouterr().out
    assert copied.proof(other) == "unchecked"
    assert not is_certified().holds(other)


def test_the_run_that_a_file_names_inside_is_not_taken_for_its_own(copied, tmp_path):
    run = the_run(copied, is_certified=True)
    elsewhere = tmp_path / "BAD.json"
    elsewhere.write_bytes(copied.certificate_path(run.id).read_bytes())

    with pytest.raises(CertificateError, match="weights=FILE"):
        CertificateSubject.of(elsewhere)
    assert CertificateSubject.of(elsewhere, run.folder / "weights.safetensors").proof().margin > 0


def test_a_certificate_of_a_machine_with_the_words_of_addition_is_refused(copied):
    """Trained and proved for another machine; the run is said to add."""
    right = TaskChoice(base=4).build_task().machine
    output = right.output.tolist()
    output[1][6] = (output[1][6] + 1) % 4
    tables = {"next_state": right.next_state.tolist(), "output": output}
    _, weights, certificate = certified(task="machine", num_operands=2, machine=Tables(tables))
    content = dict(certificate.content) | {"statement": "adds any two numbers"}
    run = the_run(copied, is_certified=True)
    content["run"] = run.id
    vars(run)["weights"] = weights
    path = copied.certificate_path(run.id)
    path.write_text(json.dumps(content))

    with pytest.raises(CertificateRefused, match="about the task 'machine'"):
        proofs.check_certificate(run, path)
    engine = open_engine()
    verdict = standing_of(run, copied, engine.load(run.trial, run.task, weights), [], lambda words: None)
    assert verdict.proof is None
    assert "about the task" in str(verdict.refusal)
    assert not is_certified().holds(run)


class Tables(dict):
    """A machine's tables that can be a key of the cache."""

    def __hash__(self):  # pyrefly: ignore[bad-override]
        return hash(repr(self))


def test_merge_takes_no_certificate_for_a_run_with_other_weights(copied, tmp_path):
    run = the_run(copied, is_certified=True)
    target = Store(shutil.copytree(copied.root, tmp_path / "target"))
    target.certificate_path(run.id).unlink()
    replace_result(target, run.id, "curves.parquet")

    merged = merge([copied.root], target)

    assert run.id in merged.differing
    assert not target.certificate_path(run.id).exists()
    assert target.proof(target.open(run.id)) is None


def test_merge_takes_the_certificate_of_the_same_run_unchecked(copied, tmp_path):
    run = the_run(copied, is_certified=True)
    target = Store(tmp_path / "target")

    merge([copied.root], target)

    assert target.proof(target.open(run.id)) == "unchecked"
    assert proofs.accepted(target.open(run.id), target.certificate_path(run.id)) is not None


@pytest.mark.parametrize("part", ["certificate", "weights", "task"])
def test_a_record_of_an_acceptance_holds_for_what_was_accepted_alone(copied, part):
    run = the_run(copied, is_certified=True)
    path = copied.certificate_path(run.id)
    proofs.check_certificate(run, path)
    assert copied.proof(run) == "certified"

    if part == "certificate":
        path.write_bytes(path.read_bytes() + b" ")
    elif part == "weights":
        vars(run)["weights"] = run.weights | {"dense.bias": run.weights["dense.bias"] + 1}
    else:
        object.__setattr__(run, "trial", run.trial.model_copy(update={"task": "subtraction"}))

    assert proofs.recorded(run, path) is None


def test_all_of_the_checkers_code_is_in_a_records_name():
    """What another version of any part of it accepted is checked again."""
    program = "import sys, ripplecarry.verification.check; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    parts = {name for name in done.stdout.split() if name.startswith("ripplecarry.verification.")}

    assert {"ripplecarry.verification.balls", "ripplecarry.verification.check"} < parts
    assert parts <= {module.__name__ for module in proofs.CHECKER}


def test_a_run_of_another_store_is_not_taken_for_the_one_of_the_same_id(copied, tmp_path, capsys):
    run = the_run(copied, is_certified=True)
    proofs.check_certificate(run, run.certificate_path)
    other = Store(shutil.copytree(copied.root, tmp_path / "other"))
    rewrite_run(other.run_folder(run.id), weights=run.weights | {"dense.bias": -run.weights["dense.bias"]})
    foreign = Run.open(other.run_folder(run.id))

    assert copied.proof(run) == "certified"
    assert copied.proof(foreign) is None
    assert call(["certify", str(foreign.folder)]) == 2
    assert "lies in another store" in capsys.readouterr().err


def test_a_run_in_a_folder_of_another_name_is_damaged(copied):
    run, other = (the_run(copied, is_certified=each) for each in (True, False))
    shutil.rmtree(other.folder)
    shutil.copytree(run.folder, other.folder)

    with pytest.raises(DamageError, match=f"holds run {run.id}"):
        copied.open(other.id)
    rewrite_run(other.folder, config={"id": other.id})
    with pytest.raises(DamageError, match="is not the id of its trial"):
        copied.open(other.id)


def test_two_trials_with_one_id_are_told_apart(copied):
    """Ids are short enough that a search finds two with the same one."""
    run = the_run(copied, is_certified=True)
    other = run.trial.model_copy(update={"steps": 7})
    vars(other)["id"] = run.trial.id

    class Request(RunRequest):
        id = run.id

    with pytest.raises(StoreError, match="other settings that have the same id"):
        copied.open_requested(Request(other, 0, "torch"))


def test_the_index_of_a_store_is_not_believed_about_what_is_proved(copied):
    run, other = (the_run(copied, is_certified=each) for each in (True, False))
    proofs.check_certificate(run, run.certificate_path)
    copied.frame()
    index = json.loads((copied.root / "index.json").read_text())
    index["rows"][run.id][1]["base"] = 10
    index["rows"][other.id][1]["id"] = run.id
    (copied.root / "index.json").write_text(json.dumps(index))

    frame = copied.frame("proof = 'certified'")

    assert frame.id.tolist() == [run.id]
    assert frame.base.tolist() == [4]


@pytest.mark.parametrize("folder", ["cache", "."])
def test_a_cache_within_the_store_or_the_working_folder_is_none(copied, folder, monkeypatch):
    run = the_run(copied, is_certified=True)
    for place in (str(copied.root / folder), folder):
        monkeypatch.setenv("RIPPLECARRY_CACHE", place)
        monkeypatch.setenv("HOME", str(copied.root / "home"))
        proofs.check_certificate(run, run.certificate_path)
        assert copied.proof(run) == "unchecked"


def test_a_record_without_a_margin_is_none(copied, tmp_path):
    run = the_run(copied, is_certified=True)
    proofs.check_certificate(run, run.certificate_path)
    (record,) = (tmp_path / "cache" / "accepted").iterdir()
    for content in ("{}", "[]", "{", '{"margin": -1.0, "slack": 0.0}', '{"margin": true, "slack": 0.0}'):
        record.write_text(content)
        assert copied.proof(run) == "unchecked"


def test_damaged_files_beside_a_certificate_stop_no_listing(copied):
    run, other = (the_run(copied, is_certified=each) for each in (True, False))
    copied.keep_certificate(other.id, b"{}")
    (other.folder / "state.json").write_text("{}")
    (copied.root / "certificates" / "...json").write_text("{}")
    (copied.root / "index.json").write_text("[" * 100_000)

    damaged: list[str] = []
    frame = copied.frame(damaged=damaged.append)

    assert frame.id.tolist() == [run.id]
    assert len(damaged) == 1


def rewrite_run(folder, weights=None, config=None):
    """The run with other weights or another configuration, whole by its checksums."""
    state = json.loads((folder / "state.json").read_text())
    if weights is not None:
        (folder / "weights.safetensors").write_bytes(safetensors.numpy.save(weights))
    if config is not None:
        content = json.loads((folder / "config.json").read_text()) | config
        (folder / "config.json").write_text(json.dumps(content))
    for name in ("weights.safetensors", "config.json"):
        content = (folder / name).read_bytes()
        state["files"][name], state["sizes"][name] = checksum(content), len(content)
    state["checksum"] = state_checksum(state)
    (folder / "state.json").write_text(json.dumps(state))
