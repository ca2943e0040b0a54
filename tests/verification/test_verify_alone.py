"""The checker in one file: it stands alone, reads what anybody may hand it, and says so in one line."""

import ast
import json
import struct
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_certificates import certified
from mutations import changed_bytes, changed_tree, nested
from safetensors.numpy import save
from watched import fuzz

from ripplecarry.verification.check import check
from verify_certificate import Refused, verify

SCRIPT = Path(__file__).parents[2] / "verify_certificate.py"
TREE = ast.parse(SCRIPT.read_text())


def files() -> tuple[bytes, bytes]:
    """A certified network's weights and its certificate."""
    _, weights, certificate = certified()
    return save(dict(weights)), json.dumps(certificate.content).encode()


def taken_apart() -> tuple[dict[str, Any], bytes]:
    content = files()[0]
    start = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:start]), content[start:]


def put_together(header: dict[str, Any] | bytes, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The checker in a Python that has nothing but its standard library."""
    words = [sys.executable, "-I", "-S", SCRIPT, *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture
def paths(tmp_path) -> tuple[Path, Path]:
    places = tmp_path / "weights.safetensors", tmp_path / "certificate.json"
    for path, content in zip(places, files(), strict=True):
        path.write_bytes(content)
    return places


def test_it_imports_the_standard_library_alone_and_is_read_in_one_sitting():
    names = {alias.name for node in ast.walk(TREE) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(TREE) if isinstance(node, ast.ImportFrom) and node.module}
    lines = SCRIPT.read_text().splitlines()

    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(TREE))
    assert sum(line.strip() != "" for line in lines) <= 607  # 180 of them for sloped boxes


def test_it_computes_nothing_in_floats():
    """They occur where JSON's digits become a fraction; no literal, no division, no function gives one."""
    nodes = list(ast.walk(TREE))
    floats = [node for node in nodes if isinstance(node, ast.Name) and node.id in {"float", "round", "pow"}]
    from_math = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "math"]

    assert not any(isinstance(node, ast.Constant) and type(node.value) is float for node in nodes)
    assert not any(
        isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div) for node in nodes
    )
    assert [node.id for node in floats] == ["float"]
    assert {alias.name for node in from_math for alias in node.names} == {"gcd", "isqrt", "prod"}
    assert not any(isinstance(node, ast.Import) and node.names[0].name == "math" for node in nodes)


def test_it_says_what_it_proved_from_what_it_checked(paths):
    _, weights, certificate = certified()
    result, as_json = run(*paths), run(*paths, "--json")
    proof = check(certificate.content, weights).as_dict()
    found = json.loads(as_json.stdout)

    assert (result.returncode, result.stderr, as_json.returncode, as_json.stderr) == (0, "", 0, "")
    assert {name: proof[name] for name in found if name not in ("margin", "task")} == {
        name: value for name, value in found.items() if name not in ("margin", "task")
    }
    assert found["task"] == "addition"
    assert proof["margin"] <= Decimal(found["margin"]) <= proof["margin"] * (1 + 2**-20)
    assert result.stdout.startswith("Proved: ")
    assert all(f"{name:15} {value}\n" in result.stdout for name, value in found.items())


def test_a_refusal_is_one_line_and_status_1(paths):
    content = json.loads(paths[1].read_bytes())
    paths[1].write_text(json.dumps(content | {"margin": 99.0}))
    result = run(*paths)

    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == "not proved: a larger margin is stated than proved\n"


def test_what_is_no_certificate_or_cannot_be_read_is_one_line_and_status_2(paths, tmp_path):
    weights, certificate = paths
    nowhere = tmp_path / "a\nb"
    for arguments in [
        (),
        (weights,),
        (weights, nowhere),
        (nowhere, certificate),
        (tmp_path, certificate),
        ("/dev/zero", certificate),
        (weights, weights),
        (certificate, certificate),
        (weights, certificate, certificate),
    ]:
        result = run(*arguments)
        assert (result.returncode, result.stdout) == (2, ""), arguments
        assert result.stderr.startswith("not proved: ")
        assert result.stderr.count("\n") == 1


def test_files_that_are_cut_short_or_go_on_are_refused():
    good = files()
    for position, content in enumerate(good):
        lengths = [0, 1, 7, 8, 9, 100, *range(200, len(content), len(content) // 19), len(content) - 1]
        for changed in [*(content[:length] for length in lengths), content + b"\0", content + b"{}"]:
            with pytest.raises(Refused):
                verify(*(changed if k == position else each for k, each in enumerate(good)))


NAME = "dense.bias"
CHANGES = [
    *({"dtype": dtype} for dtype in ("F64", "BF16", "I32", None, 3)),
    *({"shape": shape} for shape in ([], [4, 1], [1, 4], [5], [0], [-4], [2, 2, 1], [True] * 4, ["4"], 4)),
    *({"data_offsets": place} for place in ([0, 8], [4, 20], [16, 0], [0], [-16, 0], [0, 10**30], None)),
    {"extra": 1},
]


@pytest.mark.parametrize("change", CHANGES)
def test_an_array_of_another_form_is_refused(change):
    header, data = taken_apart()
    entry = {name: value for name, value in (header[NAME] | change).items() if value is not None}

    with pytest.raises(Refused):
        verify(put_together(header | {NAME: entry}, data), files()[1])


def test_arrays_that_do_not_fill_the_file_one_after_the_other_are_refused():
    header, data = taken_apart()
    last = max(entry["data_offsets"][0] for entry in header.values())
    more = {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
    text, certificate = json.dumps(header).encode(), files()[1]

    assert verify(put_together(dict(reversed(header.items())), data), certificate)
    assert verify(put_together(text + b"   ", data), certificate)
    for content in [
        put_together({name: entry for name, entry in header.items() if name != NAME}, data),
        put_together(header | {"dense.bias2": header[NAME]}, data),
        put_together(header | {"dense.bias2": more}, data + bytes(4)),
        *(
            put_together(header | {"none": more | {"shape": size, "data_offsets": [0, 0]}}, data)
            for size in ([0], [0, 0])
        ),
        put_together(header, data[:last] + bytes(4) + data[last:]),
        put_together({"a\ud800": more | {"data_offsets": [0, 4]}}, bytes(4)),
        put_together(header | {"__metadata__": []}, data),
        put_together({}, b""),
        put_together(b"[]", data),
        b"\xff" * 8 + text + data,
    ]:
        with pytest.raises(Refused):
            verify(content, certificate)


@pytest.mark.parametrize(("cell", "is_right"), [("rnn", True), ("gru", False), ("", False)])
def test_a_cell_that_the_weights_name_must_be_the_certificates(cell, is_right):
    _, weights, certificate = certified()
    content = json.dumps(certificate.content).encode()
    if is_right:
        assert verify(save(dict(weights), {"cell": cell, "else": "fits"}), content)["cell"] == cell
    else:
        with pytest.raises(Refused, match="another cell"):
            verify(save(dict(weights), {"cell": cell}), content)


def test_every_changed_bit_makes_other_weights():
    weights, certificate = files()
    start = 8 + int.from_bytes(weights[:8], "little")
    for bit in range(8 * start, 8 * len(weights), 7919):
        changed = bytearray(weights)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Refused, match=r"other weights|subnormal|finite"):
            verify(bytes(changed), certificate)


def test_a_key_that_stands_twice_is_refused():
    weights, certificate = files()
    header, data = taken_apart()
    twice = json.dumps(header).replace(f'"{NAME}":', f'"{NAME}": 0, "{NAME}":').encode()

    with pytest.raises(Refused, match="twice"):
        verify(put_together(twice, data), certificate)
    for key in (b'"format":', b'"margin":', b'"low":', b'"next_state":'):
        with pytest.raises(Refused, match="twice"):
            verify(weights, certificate.replace(key, key + b" 0, " + key, 1))


@pytest.mark.parametrize("end", [b"[", b'{"a": ', b"\xff", b"\xef\xbb\xbf"])
def test_bytes_that_are_no_json_however_deep_are_refused(end):
    weights, certificate = files()
    for changed in (end * 100_000, certificate[:-1] + b', "run": ' + end * 100_000, end + certificate):
        with pytest.raises(Refused, match="not JSON"):
            verify(weights, changed)


@fuzz(50)
@given(st.data())
def test_whatever_is_changed_it_refuses_in_a_line_or_proves_the_same(data):
    weights, certificate = files()
    proof = verify(weights, certificate)
    match data.draw(st.sampled_from(["tree", "certificate", "weights", "nested"])):
        case "tree":
            certificate = json.dumps(data.draw(changed_tree(json.loads(certificate)))).encode()
        case "certificate":
            certificate = data.draw(changed_bytes(certificate))
        case "weights":
            weights = data.draw(changed_bytes(weights))
        case _:
            certificate = certificate[:-1] + b', "run": ' + nested(10**5) + b"}"
    try:
        found = verify(weights, certificate)
    except Refused as refused:
        why, status = refused.args
        assert "\n" not in why
        assert status in (1, 2)
    else:
        assert found | {"margin": proof["margin"]} == proof
        assert Decimal(found["margin"]) > 0
