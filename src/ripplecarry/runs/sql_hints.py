"""What a person may have meant by a condition or order that DuckDB refuses."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Literal, get_args, get_origin

from ripplecarry.runs.trial import Trial

_WORDS = {"finished", "diverged", "certified", "unchecked", "refuted", "native", "torch", "gpu"} | {
    word
    for setting in Trial.model_fields.values()
    if get_origin(setting.annotation) is Literal
    for word in get_args(setting.annotation)
}
"""What text columns hold."""


def hint(reason: str, sql: str, columns: Collection[str]) -> str:
    """Words to add to DuckDB's reason, if any help."""
    found = re.search(r'"([^"]+)"', reason)
    if found is None:
        return ""
    part = re.escape(found[1])
    whole = re.search(rf"[\w-]*{part}[\w-]*", sql)
    word = whole[0] if whole else found[1]
    if word.lower() in columns and "syntax error" in reason:
        return f'; the column is written "{word.lower()}", in double quotes'
    if word.lower() in _WORDS:
        return f"; text stands in single quotes: '{word.lower()}'"
    if "not found" in reason:
        near = get_close_matches(word, columns, n=1)
        return f"; did you mean {near[0]}?" if near else f"; text stands in single quotes: '{word}'"
    if 'near "ORDER"' in reason:
        return "; the condition is not complete"
    return ""
