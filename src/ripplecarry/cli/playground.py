"""`ripplecarry playground`: one HTML file in which networks train."""

import json
from typing import Any

from ripplecarry.cli.command import command
from ripplecarry.verbs import playground as verb


@command(verb.playground)
def playground(*, as_json: bool, **options: Any) -> int:
    """Write one self-contained HTML page in which networks train in the browser.

    It trains by the same code as the native engine, bit for bit, and opens from disk, without a server or
    a network. Its address holds the settings, so that whoever opens it trains the same network.

    Example: ripplecarry playground --open
    """
    written = verb.playground(**options)
    if as_json:
        print(json.dumps({"page": str(written.path), "bytes": written.num_bytes}, indent=1))
    else:
        print(f"{written.path}: {written.num_bytes / 1e3:.0f} KB")
    return 0
