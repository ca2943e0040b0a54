"""Run folders, weights, certificates and checkpoints that somebody made up, with right checksums too."""

import hashlib
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from made_certificates import certified
from mutations import NAMES, VALUES, changed_bytes, changed_tree, json_bytes, nested
from watched import fuzz, refused, said, watched

from ripplecarry.cli.run_summary import run_summary
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import CertificateRefused, DamageError, InputError
from ripplecarry.evaluation.integer_sums import add_numbers
from ripplecarry.evaluation.stream import NetworkSums
from ripplecarry.runs import run_files
from ripplecarry.runs.certificates import CertificateSubject
from ripplecarry.runs.imported_run import import_run
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.execute_run import execute_run

FILES = ("config.json", "curves.parquet", "environment.json", "weights.safetensors", "exactness.parquet")


class Place:
    """A store with a good run in it, and the bytes of that run's files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = Store(root)
        trial = Trial(
            hidden_size=4, embedding_size=2, batch_size=5, digits=3, steps=20, layers=1, exactness_to=4
        )
        self.engine = open_engine()
        run = execute_run(RunRequest(trial, 0, self.engine.name), self.store)
        self.folder, self.id = run.folder, run.id
        self.files = {path.name: path.read_bytes() for path in run.folder.iterdir()}

    def put(self, files: dict[str, bytes], *, sign: bool) -> None:
        """Writes the run's files, with checksums that are right where `sign` says so."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        files = dict(files)
        if sign:
            try:
                state = json.loads(files["state.json"])
                for name in state["files"]:
                    if name in files:
                        state["files"][name] = hashlib.sha256(files[name]).hexdigest()
                        if files[name] != self.files[name]:
                            state["sizes"][name] = len(files[name])
                state["checksum"] = run_files.state_checksum(state)
                files["state.json"] = json_bytes(state)
            except (ValueError, KeyError, TypeError, RecursionError):
                pass
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def use(self, *, with_frame: bool = True) -> None:
        """Does with the run what commands do; only an error of ours may come of it."""
        with watched(self.root):
            with refused(InputError):
                run = Run.open(self.folder).verify()
                run_summary(run)
                assert self.store.certificate_path(run.id).parent == self.root / "certificates"
                _ = run.environment, run.curves, run.exactness
                if run.weights and run.task.num_operands == 2:
                    add_numbers(
                        NetworkSums(
                            self.engine.load(run.trial, run.task, run.weights), run.trial, run.task
                        ),
                        [(1, 2)],
                    )
            if with_frame:
                self.store.frame(damaged=lambda words: None)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("made") / "store")


@fuzz(150)
@given(data=st.data())
def test_run_folders_with_changed_words(place, data):
    files = dict(place.files)
    name = data.draw(st.sampled_from(["config.json", "state.json", "environment.json"]))
    files[name] = json_bytes(data.draw(changed_tree(json.loads(files[name]))))
    place.put(files, sign=data.draw(st.sampled_from([True, True, True, False])))

    place.use(with_frame=name != "environment.json")


@fuzz(150)
@given(data=st.data())
def test_run_folders_with_changed_bytes(place, data):
    files = dict(place.files)
    name = data.draw(st.sampled_from([*FILES, "state.json"]))
    files[name] = data.draw(changed_bytes(files[name]) | st.binary(max_size=60))
    place.put(files, sign=data.draw(st.booleans()))

    place.use(with_frame=name == "state.json")


@pytest.mark.parametrize("name", ["config.json", "state.json", "environment.json"])
@pytest.mark.parametrize("content", [nested(100_000), nested(9999, b'{"a":', b"}"), b"9" * 10_000])
def test_words_in_words_without_end(place, name, content):
    place.put(place.files | {name: content}, sign=True)
    place.use()
    with pytest.raises(DamageError):
        Run.check(place.folder)


@pytest.mark.parametrize("climbing", ["../../../outside", "/tmp/outside", "..", "a/b", "", "x" * 300])
def test_names_that_climb_out_of_the_folder_are_refused(place, climbing):
    config = json.loads(place.files["config.json"]) | {"id": climbing}
    place.put(place.files | {"config.json": json_bytes(config)}, sign=True)
    with pytest.raises(DamageError, match="not a run id"):
        Run.open(place.folder)

    state = json.loads(place.files["state.json"])
    state["files"][climbing] = "0" * 64
    place.put(place.files | {"state.json": json_bytes(state)}, sign=True)
    with pytest.raises(DamageError, match="not a file of a run"):
        Run.open(place.folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"train_s": 0.0},
        {"train_s": False},
        {"train_s": -1},
        {"steps_done": 0},
        {"steps_done": True},
        {"outcome": "done"},
        {"finished_at": "yesterday"},
        {"finished_at": "2026-01-01\ud80000:00:00"},
        {"last": {"\ud800": 1.0}},
        {"last": {"x" * 100: 1.0}},
        {"last": {"exact_match": float("nan")}},
        {"last": {"exact_match_at_9": 1.5}},
        {"last": {"digit_accuracy": 1e300}},
        {"sizes": 1},
        {"sizes": {"curves.parquet": 3}},
        {"sizes": {"curves.parquet": "3"}},
    ],
)
def test_words_and_numbers_of_a_state_that_cannot_be_are_refused(place, changed):
    state = json.loads(place.files["state.json"]) | {"exact_from_step": None} | changed
    place.put(place.files | {"state.json": json_bytes(state)}, sign=True)

    with pytest.raises(DamageError):
        Run.open(place.folder)


@pytest.mark.parametrize("kind", ["fewer", "more", "float64", "not there", "giant"])
def test_weights_of_other_shapes_never_reach_an_engine(place, kind):
    weights = safetensors.numpy.load(place.files["weights.safetensors"])
    name = "rnn.weight_hh_l0"
    changed = {
        "fewer": {name: weights[name][:1]},
        "more": {name: np.zeros((400, 4), dtype=np.float32)},
        "float64": {name: weights[name].astype(np.float64)},
        "giant": {name: np.zeros((0, 2**40), dtype=np.float32)},
    }.get(kind, {})
    weights = weights | changed
    if kind == "not there":
        del weights[name]
    content = safetensors.numpy.save(weights)
    place.put(place.files | {"weights.safetensors": content}, sign=True)

    with pytest.raises(DamageError, match=name):
        _ = Run.open(place.folder).verify().weights
    if kind != "float64":
        trial = Trial(layers=1, hidden_size=4, embedding_size=2)
        with pytest.raises((ValueError, KeyError, RuntimeError)):
            place.engine.load(trial, trial.build_task(), weights)


HALVES = np.zeros((4, 4), dtype=np.float16)


@pytest.mark.parametrize(
    "arrays",
    [
        None,
        {"x/dense.weight": HALVES},
        {"../../dense.weight": HALVES},
        {"dense.weight": HALVES},
        {"9" * 40 + "/dense.weight": HALVES},
        {"0/dense.weight": HALVES},
    ],
)
def test_weights_along_the_way_that_are_none_are_refused(place, arrays):
    content = b"junk" if arrays is None else safetensors.numpy.save(arrays)
    place.put(place.files | {"checkpoints.safetensors": content}, sign=True)

    with pytest.raises(DamageError, match=r"checkpoints\.safetensors"):
        _ = Run.open(place.folder).snapshots
    with pytest.raises(DamageError, match=r"checkpoints\.safetensors"):
        Run.check(place.folder)
    status, _, words = said(place.root, ["page", str(place.folder), "--store", str(place.root)])
    assert status == 2
    assert "checkpoints.safetensors" in words


@fuzz(50)
@given(data=st.data())
def test_commands_on_made_up_runs(place, data):
    """Parts of a run are changed and signed, then a command reads it."""
    files = dict(place.files)
    name = data.draw(st.sampled_from(["state.json", *WEIGHTS, "curves.parquet"]))
    if name == "state.json":
        files[name] = json_bytes(data.draw(changed_tree(json.loads(files[name]))))
    elif name in WEIGHTS:
        arrays = safetensors.numpy.load(files[name])
        changed = data.draw(st.sampled_from(sorted(arrays)))
        value = data.draw(st.sampled_from([0.0, 1.0, 6e4, np.inf, np.nan]))
        arrays[changed] = np.full_like(arrays[changed], value)
        files[name] = data.draw(changed_bytes(safetensors.numpy.save(arrays)) | headers())
    else:
        files[name] = data.draw(changed_bytes(files[name]))
    place.put(files, sign=True)
    command, *options = data.draw(st.sampled_from(COMMANDS))

    said(place.root, [command, str(place.folder), *options, "--store", str(place.root)])


WEIGHTS = ("weights.safetensors", "checkpoints.safetensors")
COMMANDS = (["runs"], ["page"], ["export", "--onnx", "--state-dict"], ["add", "1", "2", "--verify"])
DTYPES = st.sampled_from(["F32", "F16", "F64", "BF16", "F8_E4M3", "I64", "BOOL", "U8", "C64", "X", ""])
SIZES = st.sampled_from([0, 1, 2, 4, 2**31, 2**32, 2**62, 2**63, 2**64 - 1, 2**64, -1, 1.5, "4", None])
OFFSETS = st.sampled_from([0, 4, 8, 16, 2**63, 2**64 - 1, -4, 1.5])
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": DTYPES,
        "shape": st.lists(SIZES, max_size=4),
        "data_offsets": st.lists(OFFSETS, min_size=1, max_size=3),
    }
)
PARAMETERS = st.sampled_from(
    ["embed_layer.weight", "rnn.weight_hh_l0", "rnn.weight_ih_l0", "rnn.bias_ih_l0", "dense.weight"]
)
ARRAYS = st.tuples(
    st.lists(st.sampled_from([0, 1, 2, 4, 7]), max_size=3).map(tuple),
    st.sampled_from(
        [np.float32(1), np.float32("nan"), np.float64(1e300), np.float16("inf"), np.int64(1), np.uint8(1)]
    ),
)


@st.composite
def headers(draw) -> bytes:
    entries = draw(st.dictionaries(PARAMETERS | NAMES, ENTRIES | VALUES, max_size=5))
    header = draw(st.just(json_bytes(entries)) | st.binary(max_size=20) | st.just(nested(3000)))
    length = draw(st.just(len(header)) | st.sampled_from([0, 1, 2**32, 2**63, 2**64 - 1]))
    return struct.pack("<Q", length) + header + draw(st.binary(max_size=32))


@st.composite
def odd_arrays(draw) -> bytes:
    made = draw(st.dictionaries(PARAMETERS | st.text("ab./", max_size=9), ARRAYS, max_size=6))
    return safetensors.numpy.save(
        {name: np.full(shape, value, value.dtype) for name, (shape, value) in made.items()}
    )


def use_weights(place, content: bytes, certificate: bytes | None = None) -> None:
    path = place.root / "given.safetensors"
    path.write_bytes(content)
    with watched(place.root), refused(InputError):
        import_run(path, 3, Store(place.root / "imported"))
    if certificate is not None:
        use_certificate(place, certificate, path)


def use_certificate(place, content: bytes, weights: Path | None) -> None:
    path = place.store.certificate_path("given")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with watched(place.root), refused(InputError, CertificateRefused):
        proof = CertificateSubject.of(path, weights).proof()
        raise AssertionError(f"accepted: {proof}")


@pytest.fixture(scope="module")
def certificate():
    """A small network's certificate, as a tree, and its weights' file."""
    _, weights, found = certified(hidden_size=32, base=2)
    return json.loads(json.dumps(found.content)), safetensors.numpy.save(weights)


@fuzz(125)
@given(data=st.data())
def test_weights(place, certificate, data):
    good = certificate[1]
    content = data.draw(st.one_of(headers(), odd_arrays(), changed_bytes(good), st.binary(max_size=60)))

    use_weights(place, content, json_bytes(certificate[0]) if content != good else None)


@fuzz(150)
@given(data=st.data())
def test_certificates(place, certificate, data):
    tree, weights = certificate
    path = place.root / "right.safetensors"
    path.write_bytes(weights)
    as_tree = changed_tree(tree).filter(lambda made: not _says_as_much(made, tree)).map(json_bytes)
    as_bytes = changed_bytes(json_bytes(tree)).filter(lambda made: not _says_as_much(made, tree))
    content = data.draw(st.one_of(as_tree, as_bytes, st.binary(max_size=60)))

    use_certificate(place, content, data.draw(st.sampled_from([path, path, path, None])))


def _says_as_much(made: object, tree: dict) -> bool:
    """Whether it may still be a proof: its words, its run and a lower margin prove nothing else."""
    try:
        made = json.loads(made) if isinstance(made, bytes) else made
        claims = ("format", "task", "weights_sha256", "rounding", "machine")
        return all(made[name] == tree[name] for name in claims)  # pyrefly: ignore[bad-index]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


@fuzz(30)
@given(data=st.data())
def test_certificates_whose_invariant_is_changed(place, certificate, data):
    """Sets may be enlarged and still be a proof, so that only what comes of it is looked at."""
    tree, weights = certificate
    path = place.root / "right.safetensors"
    path.write_bytes(weights)
    made = tree | {"invariant": data.draw(changed_tree(tree["invariant"])), "margin": data.draw(VALUES)}
    given_path = place.root / "given.json"
    given_path.write_bytes(json_bytes(made))

    status, _, _ = said(place.root, ["check", str(given_path), "--weights", str(path)])
    assert status in (0, 1, 2)


def test_a_certificate_as_it_was_made_is_accepted(place, certificate):
    """So that the others are refused for what is wrong with them."""
    path = place.root / "right.safetensors"
    path.write_bytes(certificate[1])
    given_path = place.root / "given.json"
    given_path.write_bytes(json_bytes(certificate[0]))

    assert CertificateSubject.of(given_path, path).proof().margin > 0


@pytest.mark.parametrize("end", ["\ud800", "a\nb", "x" * 100_000])
def test_a_refusal_is_one_line_whatever_words_it_repeats(place, certificate, end):
    tree, weights = certificate
    path = place.root / "right.safetensors"
    path.write_bytes(weights)
    made = json.loads(json.dumps(tree))
    made["invariant"]["0"][0]["preactivation"]["low"][0] = end
    given_path = place.root / "given.json"
    given_path.write_bytes(json_bytes(made))

    status, words, _ = said(place.root, ["check", str(given_path), "--weights", str(path)])

    assert status == 1
    assert words.count("\n") == 1
    assert len(words) < 200


def test_a_path_that_no_output_takes_is_escaped(place, certificate):
    place.put(place.files, sign=False)
    odd = place.root / "odd\udcff"
    shutil.copytree(place.folder, odd / "runs" / place.id)

    status, words, _ = said(place.root, ["runs", place.id, "--store", str(odd)])

    assert status == 0
    assert "\\udcff" in words


@fuzz(30)
@given(data=st.data())
def test_checkpoints(place, data):
    from ripplecarry.training.checkpoint import check_checkpoint

    content = safetensors.numpy.save({"step": np.array(1)}, {"identity": "x", "sha256": "0" * 64})
    path = place.root / "checkpoint.safetensors"
    path.write_bytes(data.draw(headers() | changed_bytes(content) | st.binary(max_size=60)))

    with watched(place.root), pytest.raises(InputError):
        check_checkpoint(path)
