"""The structure that design and contracts promise."""

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

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


def loaded_by(statement: str) -> set[str]:
    words = f"{statement}; import sys; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_arithmetic_and_help_load_no_torch():
    assert "torch" not in loaded_by("import ripplecarry.arithmetic.batches")
    assert "torch" not in loaded_by("from ripplecarry.cli import call; call(['train', '--help'])")
    assert "torch" in loaded_by("import ripplecarry.networks.adder")


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_by("import ripplecarry")

    assert not loaded & {"torch", "pandas", "numpy", "pydantic"}


def test_the_documented_names_resolve():
    import ripplecarry

    for name in ripplecarry.__all__:
        assert getattr(ripplecarry, name).__module__.startswith("ripplecarry.")
