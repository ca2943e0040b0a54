"""What certifying comes to for each planted fault.

`python tests/verification/planted_table.py` prints it as a table.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import safetensors.numpy
from planted_faults import Planted, planted

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.engines.registry import open_engine
from ripplecarry.runs.imported_run import import_run
from ripplecarry.runs.store import Store
from ripplecarry.sweeps.certifying import Unknown, certify
from ripplecarry.verification.certificate import Certificate


def certified(fault: Planted, folder: Path) -> Certificate | Counterexample | Unknown:
    """What comes of certifying the network, imported into a store."""
    path = folder / "weights.safetensors"
    path.write_bytes(safetensors.numpy.save(fault.weights))
    store = Store(folder / "store")
    return certify(import_run(path, 9, store), store, open_engine())


def row(fault: Planted, found: Certificate | Counterexample | Unknown) -> str:
    """A line of the table."""
    proved = "yes" if isinstance(found, Certificate) else "no"
    refuted = "unknown"
    if isinstance(found, Counterexample):
        digits = f"{found.length} digit{'s' * (found.length > 1)}"
        refuted = f"{digits}{', the fewest' * found.is_shortest}"
    return f"| {fault.name} | {fault.cell} | {fault.deed} | {proved} | {refuted} |"


def table() -> Iterator[str]:
    """All planted faults, as Markdown."""
    yield "| planted | cell | what it does | proved | a wrong sum of |"
    yield "|---|---|---|---|---|"
    for fault in planted():
        with tempfile.TemporaryDirectory() as folder:
            yield row(fault, certified(fault, Path(folder)))


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
