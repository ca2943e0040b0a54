"""Networks in preactivation space: each layer as a function of its preactivation, the product W_hh h.

A state affects the next position only through its preactivation u = W_hh h and its memory: for GRU h
itself, for LSTM the cell state. Linear recurrences have no W_hh; their memory is all. Sets of states are
smaller in this space: two states that the weights cannot tell apart have the same preactivation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import linear, silu

from ripplecarry.axes import Float, Integer

Memory = Tensor | None
"""What a layer passes on besides its preactivation: the hidden state of GRU and minGRU, LSTM's cell state,
the diagonal recurrences' vector."""


@dataclass(frozen=True)
class EnteringStates:
    """The states that enter a layer at each position."""

    preactivation: Float[Tensor, "position batch gates_hidden"]
    memory: Float[Tensor, "position batch hidden"] | None


def rnn_from_preactivations(below: Tensor, before: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """The hidden state; there is no memory."""
    return torch.tanh(below + before), None


def gru_from_preactivations(below: Tensor, before: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """The hidden state, which is also the memory."""
    assert memory is not None
    hidden = memory.shape[-1]
    gates = torch.sigmoid(below[..., : 2 * hidden] + before[..., : 2 * hidden])
    reset, update = gates.chunk(2, dim=-1)
    new = torch.tanh(below[..., 2 * hidden :] + reset * before[..., 2 * hidden :])
    hidden_state = new + update * (memory - new)
    return hidden_state, hidden_state


def lstm_from_preactivations(below: Tensor, before: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """The hidden state, and the cell state as the memory."""
    assert memory is not None
    entry, forget, new, output = (below + before).chunk(4, dim=-1)
    memory = torch.sigmoid(forget) * memory + torch.sigmoid(entry) * torch.tanh(new)
    return torch.sigmoid(output) * torch.tanh(memory), memory


def _mingru(below: Tensor, before: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """The hidden state, which is also the memory."""
    assert memory is not None
    update, new = below.chunk(2, dim=-1)
    hidden_state = memory + torch.sigmoid(update) * (new - memory)
    return hidden_state, hidden_state


def _diagonal(below: Tensor, before: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """The hidden state, and the vector as the memory."""
    assert memory is not None
    keep, new, shown = below.chunk(3, dim=-1)
    memory = torch.sigmoid(keep) * memory + new
    return memory * silu(shown), memory


def _diagonal_signed(below: Tensor, before: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """The same with eigenvalues in [-1, 1]."""
    assert memory is not None
    keep, new, shown = below.chunk(3, dim=-1)
    memory = (2 * torch.sigmoid(keep) - 1) * memory + new
    return memory * silu(shown), memory


FROM_PREACTIVATIONS: dict[str, Callable[[Tensor, Tensor, Memory], tuple[Tensor, Memory]]] = {
    "rnn": rnn_from_preactivations,
    "gru": gru_from_preactivations,
    "lstm": lstm_from_preactivations,
    "mingru": _mingru,
    "diagonal": _diagonal,
    "diagonal_signed": _diagonal_signed,
}
"""One position from `below` (W_ih x plus bias), `before` (the preactivation plus bias) and the memory."""


@dataclass(frozen=True)
class CellWeights:
    """One layer's parameters, in PyTorch's layout."""

    from_input: Float[Tensor, "gates_hidden features"]
    input_bias: Float[Tensor, " gates_hidden"]
    from_hidden: Float[Tensor, "preactivation hidden"]
    """Without rows for linear recurrences."""
    hidden_bias: Float[Tensor, " preactivation"]

    @property
    def sees_hidden(self) -> bool:
        """Whether gates see the hidden state."""
        return len(self.from_hidden) > 0


@dataclass(frozen=True)
class PreactivationNetwork:
    """A network's parameters as the enclosures use them; gradients reach the module that owns them."""

    cell: str
    embedding: Float[Tensor, "digit feature"]
    layers: tuple[CellWeights, ...]
    readout: Float[Tensor, "output hidden"]
    readout_bias: Float[Tensor, " output"]
    num_operands: int

    @classmethod
    def of(
        cls, cell: str, parameters: Mapping[str, Tensor], dtype: torch.dtype = torch.float32
    ) -> "PreactivationNetwork":
        """The network with these parameters by name; they are shared if `dtype` is theirs."""
        named = {name: parameter.to(dtype) for name, parameter in parameters.items()}
        embedding, readout = named["embed_layer.weight"], named["dense.weight"]
        nothing = {"weight_hh": readout.new_zeros(0, readout.shape[1]), "bias_hh": readout.new_zeros(0)}
        num_layers = sum(name.startswith("rnn.weight_ih_l") for name in named)
        layers = tuple(
            CellWeights(
                *(named[f"rnn.{kind}_l{layer}"] for kind in ("weight_ih", "bias_ih")),
                *(named.get(f"rnn.{kind}_l{layer}", none) for kind, none in nothing.items()),
            )
            for layer in range(num_layers)
        )
        num_operands = layers[0].from_input.shape[1] // embedding.shape[1]
        return cls(cell, embedding, layers, readout, named["dense.bias"], num_operands)

    @property
    def hidden_size(self) -> int:
        return self.readout.shape[1]

    def symbol_features(self) -> Float[Tensor, "symbol feature"]:
        """The first layer's input for every symbol; the first operand's digit is the least significant."""
        base = len(self.embedding)
        symbols = torch.arange(base**self.num_operands)
        digits = [symbols // base**k % base for k in range(self.num_operands)]
        return torch.cat([self.embedding[each] for each in digits], dim=1)

    def trace(
        self,
        operands: Integer[Tensor, "batch position operand"],
        disturbance: Float[Tensor, "position batch gates_hidden"] | None = None,
    ) -> tuple[Float[Tensor, "position batch output"], list[EnteringStates]]:
        """Logits from the zero state, and the states that enter each layer at each position.

        Args:
            disturbance: added to the sums in each gate of the first layer.
        """
        x = self.embedding[operands.transpose(0, 1).long()].flatten(start_dim=2)
        step = FROM_PREACTIVATIONS[self.cell]
        traced = []
        for number, layer in enumerate(self.layers):
            below = linear(x, layer.from_input, layer.input_bias)
            if disturbance is not None and not number:
                below = below + disturbance
            preactivation = below.new_zeros(below.shape[1], len(layer.from_hidden))
            memory: Memory = (
                None if self.cell == "rnn" else below.new_zeros(below.shape[1], self.hidden_size)
            )
            preactivations, memories, hiddens = [], [], []
            for position in below:
                preactivations.append(preactivation)
                memories.append(memory)
                hidden, memory = step(position, preactivation + layer.hidden_bias, memory)
                hiddens.append(hidden)
                preactivation = linear(hidden, layer.from_hidden)
            x = torch.stack(hiddens)
            all_memories = (
                None if self.cell == "rnn" else torch.stack([k for k in memories if k is not None])
            )
            traced.append(EnteringStates(torch.stack(preactivations), all_memories))
        return linear(x, self.readout, self.readout_bias), traced
