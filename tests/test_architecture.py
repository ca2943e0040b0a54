"""The structure that design and contracts promise."""

import subprocess
import sys
from pathlib import Path

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
