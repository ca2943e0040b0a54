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


def load(engine: str, task: Task, weights: Weights, cell: str | None = None) -> Computation:
    """The network with these weights in an engine of this name."""
    return ENGINES[engine]().load(architecture_of(weights, cell), task, weights)


def architecture_of(weights: Weights, cell: str | None = None) -> Architecture:
    """The shape of the network, from its parameters' shapes.

    Args:
        cell: by default the first one that has such parameters.
    """
    return Architecture.model_validate(
        {
            "cell": cell or cell_of(weights),
            "layers": sum(name.startswith("rnn.weight_ih") for name in weights),
            "hidden_size": weights["dense.weight"].shape[1],
            "embedding_size": weights["embed_layer.weight"].shape[1],
        }
    )


def cell_of(weights: Weights) -> str:
    """The first cell with a proof that has such parameters."""
    shapes = {name: array.shape for name, array in weights.items() if name.endswith("_l0")}
    features, hidden = shapes["rnn.weight_ih_l0"][1], weights["dense.weight"].shape[1]
    return next(
        cell
        for cell, shape in CELL_SHAPES.items()
        if "proof" in shape.known_by
        and {f"rnn.{name}_l0": sizes for name, sizes in shape.parameters(features, hidden).items()}
        == shapes
    )
