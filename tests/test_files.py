import json
from math import inf, nan

from ripplecarry.files import json_text


def test_json_has_null_for_what_it_has_no_number_for():
    content = {"a": [1.5, inf, (-inf, nan)], "b": {"c": nan, "d": None, "e": True}, "f": "inf"}

    assert json.loads(json_text(content)) == {
        "a": [1.5, None, [None, None]],
        "b": {"c": None, "d": None, "e": True},
        "f": "inf",
    }
