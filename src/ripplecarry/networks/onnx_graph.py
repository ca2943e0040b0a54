"""A network as an ONNX graph, for any batch and any number of positions; knows no torch.

The recurrent layers are ONNX's own operators `RNN`, `GRU` and `LSTM`, which take sequences of any length:
nothing is unrolled, and no length is fixed.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture
from ripplecarry.networks.initial_values import Weights

if TYPE_CHECKING:
    import onnx

OPSET = 17
IR_VERSION = 8
"""Old enough for runtimes of 2022 on; nothing newer is needed."""

# Where each of ONNX's blocks of rows stands among PyTorch's, which are reset, update, new in a GRU and
# entry, forget, new, output in an LSTM. ONNX has update, reset, new and entry, output, forget, new.
_GATE_ORDER = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}

# PyTorch's GRU applies the reset gate behind the recurrent product, ONNX's by default in front of it.
_ATTRIBUTES: dict[str, dict[str, Any]] = {"rnn": {}, "gru": {"linear_before_reset": 1}, "lstm": {}}


def onnx_graph(
    architecture: Architecture, task: Task, weights: Weights, about: Mapping[str, str]
) -> "onnx.ModelProto":
    """The network as a checked ONNX model.

    Its input `digits` is int64 of axes (batch, position, operand), least significant first; its outputs are
    `logits`, float32 of axes (batch, position, output), and `answers`, int64 of axes (batch, position).

    Args:
        about: words by name that are stored with the model.
    Raises:
        ConfigurationError: the package onnx is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError:
        raise ConfigurationError(
            "an ONNX file needs the package onnx, which is not installed; "
            "`pip install 'ripplecarry[onnx]'` brings it"
        ) from None
    node = helper.make_node
    features = task.num_operands * architecture.embedding_size
    constants = {
        "embedding": weights["embed_layer.weight"],
        "readout": weights["dense.weight"].T,
        "readout_bias": weights["dense.bias"],
        "one_vector_per_position": np.array([0, 0, features], dtype=np.int64),  # 0 keeps an axis
        "direction_axis": np.array([1], dtype=np.int64),
    }
    nodes = [
        # The recurrent operators want the position first.
        node("Transpose", ["digits"], ["digits_by_position"], perm=[1, 0, 2]),
        node("Gather", ["embedding", "digits_by_position"], ["embedded"], axis=0),
        node("Reshape", ["embedded", "one_vector_per_position"], ["hidden_0"]),
    ]
    for layer in range(architecture.layers):
        arrays = _layer(architecture.cell, weights, layer)
        names = [f"{name}_{layer}" for name in arrays]
        constants |= dict(zip(names, arrays.values(), strict=True))
        nodes += [
            node(
                architecture.cell.upper(),
                [f"hidden_{layer}", *names],
                [f"layer_{layer}"],
                name=f"layer_{layer}",
                hidden_size=architecture.hidden_size,
                **_ATTRIBUTES[architecture.cell],
            ),
            node("Squeeze", [f"layer_{layer}", "direction_axis"], [f"hidden_{layer + 1}"]),
        ]
    nodes += [
        node("MatMul", [f"hidden_{architecture.layers}", "readout"], ["products"]),
        node("Add", ["products", "readout_bias"], ["logits_by_position"]),
        node("Transpose", ["logits_by_position"], ["logits"], perm=[1, 0, 2]),
        node("ArgMax", ["logits"], ["answers"], axis=2, keepdims=0),
    ]

    def tensor(name: str, kind: int, *axes: str | int) -> "onnx.ValueInfoProto":
        return helper.make_tensor_value_info(name, kind, ["batch", "position", *axes])

    graph = helper.make_graph(
        nodes,
        "ripplecarry",
        [tensor("digits", TensorProto.INT64, task.num_operands)],
        [tensor("logits", TensorProto.FLOAT, task.num_outputs), tensor("answers", TensorProto.INT64)],
        [numpy_helper.from_array(np.ascontiguousarray(values), name) for name, values in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="ripplecarry"
    )
    model.ir_version = IR_VERSION
    helper.set_model_props(model, dict(about))
    checker.check_model(model, full_check=True)
    return model


def _layer(cell: str, weights: Weights, layer: int) -> Weights:
    """One layer's parameters as ONNX's operators take them, in the order of their inputs."""
    parts = {
        name: _reordered(cell, weights[f"rnn.{name}_l{layer}"])
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    both = np.concatenate([parts.pop("bias_ih"), parts.pop("bias_hh")])
    return {name: values[None] for name, values in (parts | {"bias": both}).items()}  # one direction


def _reordered(cell: str, values: np.ndarray) -> np.ndarray:
    blocks = np.split(values, CELL_SHAPES[cell].num_gates)
    return np.concatenate([blocks[place] for place in _GATE_ORDER[cell]])
