"""The licences of all that ripplecarry brings along, from what is installed.

Run as a program it prints the table of docs/licences.md.
"""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

EXTRAS = ("", "dev")
# Where a package's metadata name no licence, or give its whole text: read off by hand.
# docutils' one file under the GPL is an editor's mode, which its wheel leaves out.
_READ_OFF = {"docutils": "Public domain AND BSD-2-Clause"}
# The extra `bench`, which few install: as their projects tell.
OF_BENCH = {
    "jax": "Apache-2.0",
    "jaxlib": "Apache-2.0",
    "llvmlite": "BSD-2-Clause AND Apache-2.0 WITH LLVM-exception",
    "ml-dtypes": "Apache-2.0",
    "numba": "BSD License",
    "opt-einsum": "MIT License",
}
_CLASSIFIER = "License :: OSI Approved :: "


def dependencies() -> dict[str, Distribution]:
    """Every distribution that is installed and needed, directly or not, by name."""
    found: dict[str, Distribution] = {}
    waiting = [("ripplecarry", set(EXTRAS))]
    while waiting:
        name, extras = waiting.pop()
        try:
            there = distribution(name)
        except PackageNotFoundError:
            continue  # of another platform, or of an extra that is not installed
        key = normal(name)
        if key in found and extras == {""}:
            continue
        found[key] = there
        for line in there.requires or []:
            needed = Requirement(line)
            is_new = normal(needed.name) not in found or needed.extras
            marker = needed.marker
            if is_new and (marker is None or any(marker.evaluate({"extra": e}) for e in extras | {""})):
                waiting.append((needed.name, set(needed.extras) | {""}))
    del found["ripplecarry"]
    return dict(sorted(found.items()))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(found: Distribution) -> str:
    """A distribution's licence in few words: as an expression, from its classifiers or in its own words."""
    told = found.metadata
    classified = [c.removeprefix(_CLASSIFIER) for c in told.get_all("Classifier") or [] if _CLASSIFIER in c]
    own = (told["License"] or "").strip().splitlines()
    words = told["License-Expression"] or _READ_OFF.get(normal(told["Name"]))
    return words or "; ".join(classified) or (own[0] if own and len(own[0]) < 60 else "unknown")


if __name__ == "__main__":
    print("| Package | Licence |\n|---|---|")
    table = {name: licence(found) for name, found in dependencies().items()} | OF_BENCH
    for name, words in sorted(table.items()):
        print(f"| {name} | {words} |")
