"""The map of the house: the picture is that of the imports, and every room and file named is there."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()


@pytest.fixture(scope="module")
def rooms():
    specification = importlib.util.spec_from_file_location("rooms", ROOT / "docs/rooms.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_picture_is_that_of_the_imports(rooms):
    drawn = rooms.picture(rooms.rooms(), rooms.imports())

    assert rooms.PICTURE.read_text() == drawn, "out of date: python docs/rooms.py draws it"


def test_another_import_changes_the_picture(rooms):
    found = rooms.imports()
    found["claims"]["networks"] = found["claims"].get("networks", 0) + 1

    assert rooms.picture(rooms.rooms(), found) != rooms.PICTURE.read_text()


def test_every_room_has_a_row_and_imports_only_lower_rooms(rooms):
    order, package = rooms.rooms(), ROOT / "src/ripplecarry"
    there = {path.parent.name for path in package.glob("*/__init__.py")}
    there |= {path.stem for path in package.glob("*.py")} - {"__init__"}

    assert set(order) == there
    for room, imported in rooms.imports().items():
        assert all(order.index(other) > order.index(room) for other in imported)
    assert all(rooms.purpose(room) for room in order)


def test_files_that_the_page_names_are_there():
    named = re.findall(r"`([\w/]+(?:\.py|\.js|/))`", ARCHITECTURE)
    places = (ROOT, ROOT / "src/ripplecarry", ROOT / "tests")

    assert len(named) > 40
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_the_readme_names_every_room(rooms):
    words = (ROOT / "README.md").read_text().partition("## Where things are")[2]
    folders = [room for room in rooms.rooms() if (ROOT / "src/ripplecarry" / room).is_dir()]

    assert [room for room in folders if f"`{room}`" not in words] == []
