"""Every engine of this machine that needs no accelerator, the native one at every instruction set."""

from collections.abc import Callable
from functools import partial

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.engines.engine import Computation, Engine
from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.native import NativeEngine
from ripplecarry.engines.reference import ReferenceEngine
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture
from ripplecarry.networks.initial_values import Weights


def _levels() -> list[int | None]:
    newest = NativeEngine().instruction_set if is_available() else None
    return {None: [], "x86-64-v2": [2], "x86-64-v3": [2, 3], "x86-64-v4": [2, 3, 4]}.get(newest, [None])


ENGINES: dict[str, Callable[[], Engine]] = {"torch": ReferenceEngine} | {
    f"native {level or 'generic'}": partial(NativeEngine, level) for level in _levels()
}


def load(engine: str, task: Task, weights: Weights) -> Computation:
    """The network with these weights in an engine of this name."""
    return ENGINES[engine]().load(architecture_of(weights), task, weights)


def architecture_of(weights: Weights) -> Architecture:
    """The shape of the network, from its parameters' shapes."""
    rows, hidden = weights["rnn.weight_hh_l0"].shape
    cells = {shape.num_gates: cell for cell, shape in CELL_SHAPES.items() if "proof" in shape.known_by}
    return Architecture(
        cell=cells[rows // hidden],
        layers=sum(name.startswith("rnn.weight_hh") for name in weights),
        hidden_size=hidden,
        embedding_size=weights["embed_layer.weight"].shape[1],
    )
