"""A network as an ONNX model for any batch size and length; does not import torch.

ONNX has RNN, GRU and LSTM as operators over whole sequences, so the model contains no length.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import Architecture, check_known
from ripplecarry.networks.initial_values import Weights

if TYPE_CHECKING:
    import onnx

OPSET, IR_VERSION = 17, 8
"""From 2022: old enough for every runtime in use."""

# For each of ONNX's gates, its index among PyTorch's: RNN has one; GRU reset, update, new; LSTM input,
# forget, new, output.
_GATES = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
# PyTorch applies GRU's reset gate after the recurrent product.
_ATTRIBUTES: dict[str, dict[str, Any]] = {"rnn": {}, "gru": {"linear_before_reset": 1}, "lstm": {}}


def onnx_model(architecture: Architecture, task: Task, weights: Weights) -> "onnx.ModelProto":
    """The model, with input `operands` (int64: batch, position, operand; least significant digit first) and
    outputs `logits` (float32: batch, position, output) and `digits` (int64: batch, position).

    Raises:
        ConfigurationError: the package onnx is not installed, or ONNX has no operator for the cell.
    """
    check_known(architecture.cell, by="onnx")
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError:
        raise ConfigurationError(
            "ONNX models need the package onnx, which is not installed: pip install 'ripplecarry[export]'"
        ) from None
    constants = {
        "embedding": weights["embed_layer.weight"],
        "features_shape": np.array([0, 0, task.num_operands * architecture.embedding_size]),
        "direction": np.array([1]),
        "readout": weights["dense.weight"].T,
        "readout_bias": weights["dense.bias"],
    }
    nodes = [
        helper.make_node("Gather", ["embedding", "operands"], ["embedded"]),
        helper.make_node("Reshape", ["embedded", "features_shape"], ["features"]),
        helper.make_node("Transpose", ["features"], ["below_0"], perm=[1, 0, 2]),
    ]
    for layer in range(architecture.layers):
        constants |= _layer_constants(architecture.cell, weights, layer)
        inputs = [f"below_{layer}", f"from_input_{layer}", f"from_hidden_{layer}", f"bias_{layer}"]
        nodes += [
            helper.make_node(
                architecture.cell.upper(),
                inputs,
                [f"directions_{layer}"],
                hidden_size=architecture.hidden_size,
                **_ATTRIBUTES[architecture.cell],
            ),
            helper.make_node("Squeeze", [f"directions_{layer}", "direction"], [f"below_{layer + 1}"]),
        ]
    nodes += [
        helper.make_node("MatMul", [f"below_{architecture.layers}", "readout"], ["products"]),
        helper.make_node("Add", ["products", "readout_bias"], ["by_position"]),
        helper.make_node("Transpose", ["by_position"], ["logits"], perm=[1, 0, 2]),
        helper.make_node("ArgMax", ["logits"], ["digits"], axis=2, keepdims=0),
    ]
    shape = ("batch", "position")
    graph = helper.make_graph(
        nodes,
        task.name.replace(" ", "_"),
        [helper.make_tensor_value_info("operands", TensorProto.INT64, (*shape, task.num_operands))],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, (*shape, task.num_outputs)),
            helper.make_tensor_value_info("digits", TensorProto.INT64, shape),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="ripplecarry",
        doc_string=(
            f"{task.name} in base {task.base}, digits least significant first; operands are zero-padded to "
            "a common length greater than each"
            if task.is_on_numbers
            else f"{task.name}, symbols from 0 to {task.base - 1} in the order in which they are read"
        ),
    )
    checker.check_model(model, full_check=True)
    return model


def _layer_constants(cell: str, weights: Weights, layer: int) -> dict[str, np.ndarray]:
    """A layer's parameters in ONNX's order, with ONNX's axis of directions, here of size one."""

    def reordered(name: str) -> np.ndarray:
        gates = np.split(weights[f"rnn.{name}_l{layer}"], len(_GATES[cell]))
        return np.concatenate([gates[place] for place in _GATES[cell]])[None]

    biases = np.concatenate([reordered("bias_ih"), reordered("bias_hh")], axis=1)
    return {
        f"from_input_{layer}": reordered("weight_ih"),
        f"from_hidden_{layer}": reordered("weight_hh"),
        f"bias_{layer}": biases,
    }
