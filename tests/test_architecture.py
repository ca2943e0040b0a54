"""The structure that design and contracts promise."""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from ripplecarry.cli import app
from ripplecarry.engines.kernel import is_available
from ripplecarry.runs.store import Store

ROOT = Path(__file__).parents[1]


def test_imports_point_down():
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout


def circle_in(imports: dict[str, set[str]]) -> list[str]:
    """Modules each of which imports the next; none where the imports form no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_files_import_each_other():
    """Packages' own files included, which import-linter's contract of siblings leaves out."""
    graph = grimp.build_graph("ripplecarry", "benchmarks")

    assert circle_in({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}) == []


def test_a_circle_of_files_is_found():
    circle = circle_in({"a": {"b", "d"}, "b": {"c"}, "c": {"a"}, "d": set()})

    assert len(circle) == 4
    assert set(circle) == {"a", "b", "c"}


def private_names(source: str) -> list[str]:
    """What a file imports or patches by a name with a leading underscore; ruff sees the attributes."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("attr"):
            found += [ast.literal_eval(each) for each in node.args if is_text(each)]
    parts = {name: name.split(".") for name in found}
    return [name for name in found if any(each[:1] == "_" != each[1:2] for each in parts[name])]


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_tests_use_public_names_alone():
    files = [*(ROOT / "tests").rglob("*.py")]
    found = {path.name: private_names(path.read_text()) for path in files}

    assert len(files) > 100
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from ripplecarry.runs.run import Run, _checksum",
        "from ripplecarry._runs import Run",
        "import ripplecarry._runs",
        "monkeypatch.setattr('ripplecarry.runs.run._LARGEST', 5)",
        "monkeypatch.setattr(module, '_LARGEST', 5)",
        "getattr(run, '_table')",
    ],
)
def test_a_private_name_is_found(source):
    assert len(private_names(source)) == 1
    assert private_names(source.replace("_", "")) == private_names(source.replace("_", "__")) == []


def loaded_by(statement: str) -> set[str]:
    words = f"{statement}\nimport sys; print(); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


def loaded_by_command(*words: str) -> set[str]:
    return loaded_by(f"from ripplecarry.cli import call; assert call({list(words)}) == 0")


# What no command needs that neither draws, nor selects by SQL, nor proves.
HEAVY = {
    "duckdb",
    "flint",
    "jaxtyping",
    "matplotlib",
    "multiprocessing",
    "pandas",
    "plotille",
    "scipy",
    "torch",
}


def test_arithmetic_loads_no_torch():
    assert "torch" not in loaded_by("import ripplecarry.arithmetic.batches")
    assert "torch" in loaded_by("import ripplecarry.networks.adder")


def test_help_loads_no_command():
    loaded = loaded_by_command("--help")

    assert not loaded & (HEAVY | {"numpy", "pyarrow", "pydantic", "safetensors", "rich.markdown"})
    assert not {name for name in loaded if re.match(r"ripplecarry\.(?!cli|errors|progress)", name)}
    assert not loaded & {f"ripplecarry.cli.{name}" for name in app() if not name.startswith("-")}


def test_a_commands_help_loads_nothing_heavy():
    assert not loaded_by_command("train", "--help") & (HEAVY | {"pyarrow"})


@pytest.mark.skipif(not is_available(), reason="the native engine is not built")
def test_training_and_listing_load_only_what_they_need(tmp_path):
    store = f"--store={tmp_path}"
    words = ("--steps=1", "--layers=1", "--hidden-size=2", "--digits=1", "--engine=native", store)
    assert not loaded_by_command("train", *words) & HEAVY

    (run,) = Store(tmp_path).ids()
    assert not loaded_by_command("add", run, "1", "2", store) & HEAVY
    listing = loaded_by_command("runs", store)

    assert not listing & (HEAVY | {"pyarrow", "rich.progress", "ripplecarry.cli.train"})
    assert "ripplecarry.runs.store" in listing
    assert {"pandas", "duckdb"} <= loaded_by_command("runs", store, "--where=steps = 1")


def test_a_refusal_loads_nothing_heavy(tmp_path):
    """One process for all: what the first loads, the last has."""
    refused = [
        *([verb, "nosuch"] for verb in ("add", "certify", "check", "evaluate", "extract", "page", "runs")),
        *(["compare", "nosuch", "neither"], ["merge", "nosuch"], ["import", "nosuch"]),
        *(["study", "nosuch"], ["study", "layers", "--set", "nosuch=1"], ["study", "--seeds", "0"]),
        *(["train", "--steps", "1.5"], ["export", "nosuch", "--onnx", "a.onnx"]),
    ]
    calls = [[*words, "--store", str(tmp_path)] for words in refused]
    loaded = loaded_by(
        f"from ripplecarry.cli import call\nfor words in {calls}: assert call(words) == 2, words"
    )

    too_much = HEAVY - {"flint", "multiprocessing", "scipy"} | {"scipy.stats"}
    assert loaded & too_much == set()


def test_every_commands_line_in_the_overview_begins_its_help():
    for name in app():
        if not name.startswith("-"):
            listed, own = app()[name].help, app([name])[name].help
            assert listed == " ".join(own.split("\n\n")[0].split())


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_by("import ripplecarry")

    assert not loaded & {"torch", "pandas", "numpy", "pydantic"}


def test_the_documented_names_resolve():
    import ripplecarry

    for name in ripplecarry.__all__:
        assert getattr(ripplecarry, name).__module__.startswith("ripplecarry.")
