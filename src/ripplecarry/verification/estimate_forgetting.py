"""The search for the words over which a network forgets least.

A proof needs states that differ, though the machine's state is the same, to come together again. Over k
positions a small difference is multiplied by the product of k Jacobians. The estimate is the largest norm
of such a product that a beam search over reached states and symbols finds, in a quadratic norm for each of
the machine's states that is learnt to make one position's norms small. It proves nothing: a worse word may
exist, and large differences may behave otherwise than small ones.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.func import jacrev, vjp, vmap

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, Integer
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.forgetting import NUM_POSITIONS, Forgetting

_NUM_WORDS, _WORD_LENGTH, _SETTLED = 200, 24, 8
_DISCOUNT, _GRAMIAN_STEPS, _NUM_GRAMIANS = 0.9, 12, 64
_LEARNING_STEPS, _LEARNING_STEPS_PER_POOL, _POOL, _POWER_STEPS, _SHARPNESS = 60, 20, 64, 6, 40.0
_BEAM, _DIRECTIONS = 48, 4
_LARGEST = 512
"""States of more numbers would take minutes."""


def estimate_forgetting(
    architecture: Architecture, task: Task, weights: Weights, seed: int = 0
) -> Forgetting:
    """The estimate for a network of any cell.

    Args:
        seed: of the words that reach states, and of the search.
    Raises:
        ConfigurationError: its state has more than 512 numbers, or differences exceed what floats hold.
    """
    network = Adder.build(architecture, task, weights).double().requires_grad_(False)
    random = torch.Generator().manual_seed(seed)
    digits = torch.tensor(task.digits_of(np.arange(task.machine.num_symbols)).astype(np.int64))
    dynamics = _Dynamics(network, task.machine, digits)
    if dynamics.size > _LARGEST:
        raise ConfigurationError(
            f"no estimate of forgetting: the network's state has {dynamics.size} numbers; "
            f"at most {_LARGEST} are allowed"
        )
    reached = dynamics.roll(_words(task.machine, random))
    try:
        norms = _learn_norms(dynamics, reached, random)
        return Forgetting(_search(dynamics, reached, norms, random))
    except torch.linalg.LinAlgError:  # of a matrix with infinities or NaN
        raise ConfigurationError(
            "no estimate of forgetting: weights or differences exceed what floats hold"
        ) from None


class _Dynamics:
    """The network's step as a map from one flat state to the next."""

    def __init__(self, network: Adder, machine: Machine, digits: Integer[Tensor, "symbol operand"]) -> None:
        self.next_state = torch.tensor(machine.next_state)
        self.num_symbols = machine.num_symbols
        self._network, self._digits = network, digits
        self._shapes = [part.shape for part in network.zero_state(1)]
        self.size = sum(shape.numel() for shape in self._shapes)

    def step(
        self, states: Float[Tensor, "row state"], symbols: Integer[Tensor, " row"]
    ) -> Float[Tensor, "row state"]:
        return vmap(self._step)(states, self._digits[symbols])

    def jacobians(
        self, states: Float[Tensor, "row state"], symbols: Integer[Tensor, " row"]
    ) -> Float[Tensor, "row next_state state"]:
        return vmap(jacrev(self._step))(states, self._digits[symbols])

    def jacobian_products(
        self,
        states: Float[Tensor, "row state"],
        symbols: Integer[Tensor, " row"],
        directions: Float[Tensor, "row state direction"],
    ) -> Float[Tensor, "row state direction"]:
        """What the Jacobians make of directions."""

        def pushed(state: Tensor, digits: Tensor, direction: Tensor) -> Tensor:
            # torch.func.jvp would compile a script, which PyTorch deprecates; vjp is linear, so its own
            # vjp is the product.
            back = vjp(lambda at: self._step(at, digits), state)[1]
            return vjp(lambda cotangent: back(cotangent)[0], torch.zeros_like(state))[1](direction)[0]

        every_direction = vmap(pushed, (None, None, 1), 1)
        return vmap(every_direction)(states, self._digits[symbols], directions)

    def roll(self, words: Integer[Tensor, "position row"]) -> "_Reached":
        """What these words reach from the initial state."""
        machine = torch.zeros(words.shape[1], dtype=torch.int64)
        state = torch.zeros(words.shape[1], self.size, dtype=torch.float64)
        states, machines = [state], [machine]
        for symbols in words:
            state, machine = self.step(state, symbols), self.next_state[machine, symbols]
            states.append(state)
            machines.append(machine)
        return _Reached(torch.stack(states), torch.stack(machines), words)

    def _step(self, state: Float[Tensor, " state"], digits: Integer[Tensor, " operand"]) -> Tensor:
        parts = state.split([shape.numel() for shape in self._shapes])
        given = tuple(part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True))
        following = self._network.step(digits[None], given)[1]
        return torch.cat([part.flatten() for part in following])


@dataclass(frozen=True)
class _Reached:
    """States of the network and of the machine before each position and at the end, and the symbols."""

    states: Float[Tensor, "position_and_end row state"]
    machines: Integer[Tensor, "position_and_end row"]
    words: Integer[Tensor, "position row"]


def _words(machine: Machine, random: torch.Generator) -> Integer[Tensor, "position row"]:
    """Words with a share, other from word to word, of symbols that do not reset the machine; half of
    the words repeat one of those."""
    keeping = torch.tensor(ResetFreeRuns.of(machine).keeping)
    shape = (_WORD_LENGTH, _NUM_WORDS)
    symbols = torch.randint(machine.num_symbols, shape, generator=random)
    if not len(keeping):
        return symbols
    chosen = keeping[torch.randint(len(keeping), shape, generator=random)]
    chosen[:, ::2] = chosen[:1, ::2]
    share = 1.3 * torch.rand(_NUM_WORDS, generator=random)
    return torch.where(torch.rand(shape, generator=random) < share, chosen, symbols)


def _learn_norms(
    dynamics: _Dynamics, reached: _Reached, random: torch.Generator
) -> Float[Tensor, "machine state state"]:
    """For each machine state a matrix T, of which |T x| is the norm of a difference x.

    It starts from the Gramian of the products of the Jacobians that follow, and descends the largest ratio
    |T' J x| / |T x| of one position over a pool of the worst transitions.
    """
    num_machine_states, size = len(dynamics.next_state), dynamics.size
    gramians = torch.eye(size, dtype=torch.float64).repeat(num_machine_states, 1, 1)
    rows = torch.arange(_NUM_GRAMIANS)
    product, weight = torch.eye(size, dtype=torch.float64).expand(len(rows), -1, -1), 1.0
    starts = reached.machines[_SETTLED, rows]
    counts = torch.bincount(starts, minlength=num_machine_states).clamp(min=1)
    for k in range(_GRAMIAN_STEPS):
        at = _SETTLED + k
        product = dynamics.jacobians(reached.states[at, rows], reached.words[at, rows]) @ product
        weight /= _DISCOUNT**2
        gramians.index_add_(
            0, starts, weight * product.mT @ product / counts[starts][:, None, None].double()
        )
    norms = torch.linalg.cholesky(gramians).mT.contiguous()
    before = reached.states[_SETTLED:-1].flatten(0, 1)
    pick = torch.randperm(len(before), generator=random)[: 4 * _POOL]
    ends = (reached.machines[_SETTLED + k : len(reached.words) + k].flatten()[pick] for k in (0, 1))
    jacobians = dynamics.jacobians(before[pick], reached.words[_SETTLED:].flatten()[pick])
    return _descend(norms.float(), _Transitions(jacobians.float(), *ends)).double()


@dataclass(frozen=True)
class _Transitions:
    """Jacobians of single positions, and the machine's states before and after."""

    jacobians: Float[Tensor, "row next_state state"]
    before: Integer[Tensor, " row"]
    after: Integer[Tensor, " row"]

    def some(self, rows: Integer[Tensor, " row"]) -> "_Transitions":
        return _Transitions(self.jacobians[rows], self.before[rows], self.after[rows])

    def ratios(self, norms: Tensor, right: Float[Tensor, "row state 1"]) -> Float[Tensor, " row"]:
        """How long each `right`, of length 1 in the norm before, is in the one after."""
        before = torch.linalg.inv(norms)[self.before]
        return (norms[self.after] @ (self.jacobians @ (before @ right))).norm(dim=1)[:, 0]

    def most_stretched(
        self, norms: Tensor, right: Float[Tensor, "row state 1"], num_steps: int
    ) -> Float[Tensor, "row state 1"]:
        """The differences that are stretched most, by steps of power iteration from `right`."""
        before, after = torch.linalg.inv(norms)[self.before], norms[self.after]
        for _ in range(num_steps):
            left = after @ (self.jacobians @ (before @ right))
            right = before.mT @ (self.jacobians.mT @ (after.mT @ left))
            right = right / right.norm(dim=1, keepdim=True).clamp(min=torch.finfo(right.dtype).tiny)
        return right


def _descend(norms: Tensor, transitions: _Transitions) -> Tensor:
    learnt = norms.clone().requires_grad_()
    optimiser = torch.optim.Adam([learnt], lr=0.003 * float(norms.square().mean().sqrt()))
    pool, every = transitions, torch.ones_like(transitions.jacobians[:, 0, :, None])
    right = every
    for step in range(_LEARNING_STEPS):
        with torch.no_grad():
            if step % _LEARNING_STEPS_PER_POOL == 0:  # the worst transitions of all
                every = transitions.most_stretched(learnt, every, _POWER_STEPS)
                worst = transitions.ratios(learnt, every).argsort(descending=True)[:_POOL]
                pool, right = transitions.some(worst), every[worst]
            right = pool.most_stretched(learnt, right, 1)  # the norms changed by little
        (torch.logsumexp(_SHARPNESS * pool.ratios(learnt, right), 0) / _SHARPNESS).backward()
        optimiser.step()
        optimiser.zero_grad()
    return learnt.detach()


def _search(
    dynamics: _Dynamics, reached: _Reached, norms: Tensor, random: torch.Generator
) -> tuple[float, ...]:
    """The largest ratio over 1 to `NUM_POSITIONS` positions of the words that a beam keeps.

    Words are extended by every symbol, and scored by how far the directions that the word so far stretched
    most are stretched; of those kept the whole product is computed.
    """
    inverse = torch.linalg.inv(norms)
    states = reached.states[_SETTLED:].flatten(0, 1)
    rows = torch.randperm(len(states), generator=random)[:_BEAM]
    state, machine = states[rows], reached.machines[_SETTLED:].flatten()[rows]
    product = inverse[machine]
    ratios = []
    for _ in range(NUM_POSITIONS):
        u, s, _ = torch.linalg.svd(product)
        directions = (u * s[:, None])[..., :_DIRECTIONS]
        every = torch.arange(dynamics.num_symbols)
        symbols = every.repeat(len(state))
        rows = torch.arange(len(state)).repeat_interleave(len(every))
        stretched = dynamics.jacobian_products(state[rows], symbols, directions[rows])
        following = dynamics.next_state[machine[rows], symbols]
        scores = torch.empty(len(following), dtype=torch.float64)
        for after in following.unique():  # a norm for each row would fill the memory
            mine = following == after
            scores[mine] = (norms[after] @ stretched[mine]).square().sum((1, 2))
        best = scores.argsort(descending=True)[:_BEAM]
        rows, symbols, machine = rows[best], symbols[best], following[best]
        product = dynamics.jacobians(state[rows], symbols) @ product[rows]
        state = dynamics.step(state[rows], symbols)
        ratios.append(float(torch.linalg.matrix_norm(norms[machine] @ product, 2).max()))
    return tuple(ratios)
