"""The list of licences is that of what is installed, and each of them goes with ours."""

import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from licences import dependencies, licence, normal
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LISTED = dict(
    re.findall(r"^\| ([a-z0-9-]+) \| (.+) \|$", (ROOT / "docs" / "licences.md").read_text(), re.M)
)

# Words of licences that ask for no more than a notice, or for nothing of those who only use the package.
_COMPATIBLE = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software Foundation|Zlib|CC0|BSL|ISC|HPND|Unlicense|MPL|LGPL|0BSD|LLVM"
)
_STRONG = re.compile(r"(?<![A-Z])A?GPL|Proprietary|Commercial|Non-?Commercial|SSPL|unknown", re.I)


def is_compatible(words: str) -> bool:
    return bool(_COMPATIBLE.search(words)) and not _STRONG.search(words)


def test_every_installed_dependency_is_listed_with_its_licence():
    installed = {name: licence(found) for name, found in dependencies().items()}

    assert len(installed) > 30
    assert {name: LISTED.get(name) for name in installed} == installed


def test_every_requirement_is_listed():
    for line in distribution("ripplecarry").requires or []:
        name = normal(Requirement(line).name)
        assert name in LISTED, name


@pytest.mark.parametrize("name", sorted(LISTED))
def test_every_licence_goes_with_ours(name):
    assert is_compatible(LISTED[name]), LISTED[name]


@pytest.mark.parametrize(
    "words", ["GPL-3.0-or-later", "AGPL-3.0", "Proprietary", "unknown", "", "Beerware"]
)
def test_licences_that_do_not_are_found(words):
    assert not is_compatible(words)


def test_the_table_is_printed():
    program = ROOT / "tests" / "supply" / "licences.py"
    printed = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True).stdout

    assert printed.startswith("| Package | Licence |\n|---|---|\n")
    assert "| numpy |" in printed
