"""Inputs that somebody made up: good ones with parts changed, and nonsense."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(
    [
        "",
        ".",
        "..",
        "../../outside",
        "/tmp/outside",
        "a\x00b",
        "\ud800",
        "x" * 300,
        "[/x]",
        "-",
        "--",
        "con",
    ]
)
NUMBERS = st.sampled_from(
    [0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 10**30, 0.5, -0.0, 1e308, 5e-324, 1e999, float("nan")]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), NAMES, NUMBERS, st.integers(), st.floats(), st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def changed_tree(draw, tree: Any) -> Any:
    """A JSON value with one to three parts replaced, removed or added."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        tree = _changed(draw, tree)
    return tree


def _changed(draw, tree: Any) -> Any:
    is_inner = isinstance(tree, dict | list) and len(tree)
    how = draw(st.sampled_from(["inside"] * 6 + ["remove", "add", "replace"])) if is_inner else "replace"
    if how == "replace":
        return draw(VALUES)
    key = (
        draw(st.sampled_from(sorted(tree)))
        if isinstance(tree, dict)
        else draw(st.integers(0, len(tree) - 1))
    )
    if how == "inside":
        tree[key] = _changed(draw, tree[key])
    elif how == "remove":
        del tree[key]
    elif isinstance(tree, dict):
        tree[draw(NAMES | st.text(max_size=5))] = draw(VALUES)
    else:
        tree.insert(key, draw(VALUES))
    return tree


@st.composite
def changed_bytes(draw, content: bytes) -> bytes:
    """These bytes with a few changed, cut out, put in or repeated."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 4, 8, 100]))
        put = draw(st.binary(max_size=8) | st.just(content[start : start + length]))
        how = draw(st.sampled_from(["put", "cut", "over", "end"]))
        stop = {"put": start, "cut": start + length, "over": start + len(put), "end": len(content)}[how]
        content = content[:start] + (b"" if how == "cut" else put) + content[stop:]
    return content


def json_bytes(tree: Any) -> bytes:
    """The value as JSON, with the constants that strict JSON lacks."""
    return json.dumps(tree).encode()


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """A value inside so many others."""
    return opening * depth + b"1" + closing * depth
