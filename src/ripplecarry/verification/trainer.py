"""Training until certified: a portfolio of recipes, each from the same start."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from ripplecarry.arithmetic.batches import Batch, BatchSource
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Integer
from ripplecarry.engines.reference import ReferenceTrainer
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.certificate import Certificate, certify_boxes
from ripplecarry.verification.certify import Attempt, find_invariant, hulls
from ripplecarry.verification.enclosures import Transitions
from ripplecarry.verification.loss import loss_of
from ripplecarry.verification.preactivations import PreactivationNetwork
from ripplecarry.verification.recipes import Recipe

_LARGEST_GRADIENT = 1.0
_LEARNED_AT = "learned_at"
LEARNED = 0.1
"""The batch cross-entropy below which a task counts as learned, so that proving may begin."""


class CertifyingTrainer(ReferenceTrainer):
    """A network trained by one recipe after another, each from the initial weights.

    Args:
        weights: where every recipe starts.
        steps_per_recipe: updates before the next recipe takes over.
    """

    def __init__(
        self,
        architecture: Architecture,
        batches: BatchSource,
        weights: Weights,
        recipes: Sequence[Recipe],
        steps_per_recipe: int,
    ) -> None:
        self._architecture = architecture
        self._start = weights
        self._recipes = recipes
        self._steps_per_recipe = steps_per_recipe
        self._task = batches.task
        self._learned_at: int | None = None
        self._transitions = Transitions.of(batches.task.machine)
        network = Adder.build(architecture, batches.task, weights)
        super().__init__(
            network, torch.optim.Adam(network.parameters(), lr=recipes[0].largest_rate), batches
        )

    @property
    def num_steps(self) -> int:
        """Updates for all recipes together."""
        return len(self._recipes) * self._steps_per_recipe

    @property
    def recipe(self) -> Recipe:
        """The recipe of the last update."""
        return self._recipes[max(self.step - 1, 0) // self._steps_per_recipe]

    def attempt(self) -> Attempt:
        """The result of searching for an invariant of the current network."""
        batch = self._batches.draw(max(self.step - 1, 0))
        return look_for_invariant(
            self._architecture.cell,
            dict(self.network.named_parameters()),
            batch,
            self._transitions,
            self._task,
        )

    def certificate(self, run_id: str, choice: TaskChoice, attempt: Attempt) -> Certificate | None:
        """The certificate from an attempt, if the checker accepts it."""
        if not attempt.is_certified:
            return None
        found = certify_boxes(run_id, choice, self._architecture.cell, self.weights(), attempt.sets)
        return found if isinstance(found, Certificate) else None

    def state(self) -> dict[str, np.ndarray]:
        learned_at = -1 if self._learned_at is None else self._learned_at
        return super().state() | {_LEARNED_AT: np.array([learned_at], dtype=np.int64)}

    def restore(self, step: int, state: dict[str, np.ndarray]) -> None:
        learned_at = int(state[_LEARNED_AT][0])
        self._learned_at = None if learned_at < 0 else learned_at
        super().restore(step, {name: array for name, array in state.items() if name != _LEARNED_AT})

    def _update(self) -> float:
        number, own_step = divmod(self.step, self._steps_per_recipe)
        if number and not own_step:
            self._begin_again()
        recipe = self._recipes[number]
        for group in self._optimiser.param_groups:
            group["lr"] = recipe.rate_at(own_step, self._steps_per_recipe)
        batch = self._batches.draw(self.step)
        network = PreactivationNetwork.of(self._architecture.cell, dict(self.network.named_parameters()))
        logits, traced = network.trace(torch.tensor(batch.operands))
        answers = torch.tensor(batch.answers).long().T
        plain = cross_entropy(logits.flatten(0, 1), answers.flatten())
        if self._learned_at is None and own_step >= recipe.spread_from and plain.item() < LEARNED:
            self._learned_at = own_step
        clock = recipe.clock(own_step, self._learned_at)
        states = states_of(self._task, batch)
        self._optimiser.zero_grad()
        loss = loss_of(recipe, clock, network, self._transitions, plain, traced, states)
        value = loss.item()
        if np.isfinite(value):
            loss.backward()
            clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
            self._optimiser.step()
            self.step += 1
        return value

    def _begin_again(self) -> None:
        with torch.no_grad():
            for name, parameter in self.network.named_parameters():
                parameter.copy_(torch.tensor(self._start[name]))
        self._optimiser.state.clear()
        self._learned_at = None


def states_of(task: Task, batch: Batch) -> Integer[torch.Tensor, "position batch"]:
    """The machine state that enters each position."""
    _, states = task.solve(batch.operands)
    return torch.tensor(states[:, :-1].T.copy())


def look_for_invariant(
    cell: str, parameters: Mapping[str, torch.Tensor], batch: Batch, transitions: Transitions, task: Task
) -> Attempt:
    """The result of searching for an invariant in float64, from the states that a batch reaches."""
    with torch.no_grad():
        exact = PreactivationNetwork.of(cell, parameters, torch.float64)
        _, traced = exact.trace(torch.tensor(batch.operands))
        return find_invariant(exact, transitions, hulls(traced, states_of(task, batch), transitions))
