import numpy as np

from ripplecarry.training.curves import Curves
from ripplecarry.training.loop import train


class Counter:
    """A trainer whose loss at step s is s, and not a number from `breaks_at` on."""

    def __init__(self, breaks_at=10**9):
        self.step = 0
        self._breaks_at = breaks_at

    def advance(self, num_steps):
        losses = []
        for _ in range(num_steps):
            broken = self.step >= self._breaks_at
            losses.append(np.nan if broken else float(self.step))
            if broken:
                break
            self.step += 1
        return np.array(losses, dtype=np.float32)


def run(num_steps, **kwargs):
    curves, read = Curves(), []

    def read_metrics(trainer, step):
        read.append((step, trainer.step))
        return {"exact_match": step / 1000}

    outcome = train(Counter(**kwargs), num_steps, read_metrics, curves)
    return outcome, curves, read


def test_the_loss_is_kept_at_every_step_and_metrics_at_every_fiftieth():
    outcome, curves, read = run(120)
    columns = curves.columns()

    assert outcome == "finished"
    assert columns["loss"].tolist() == list(range(120))
    # step 50 is read after its update: 51 updates are done by then
    assert read == [(0, 1), (50, 51), (100, 101)]
    assert np.flatnonzero(~np.isnan(columns["exact_match"])).tolist() == [0, 50, 100]


def test_a_loss_that_is_not_finite_ends_the_run():
    outcome, curves, read = run(200, breaks_at=60)

    assert outcome == "diverged"
    assert len(curves.columns()["loss"]) == 61
    assert np.isnan(curves.columns()["loss"][-1])
    assert [step for step, _ in read] == [0, 50]


def test_chunks_end_often_enough_to_hear_a_stop():
    seen = []
    trainer = Counter()
    train(trainer, 100, lambda *_: {}, Curves(), lambda: seen.append(trainer.step))

    assert max(np.diff(seen)) <= 10


def test_curves_survive_the_way_through_columns():
    _, curves, _ = run(120)
    again = Curves.from_columns(curves.columns())
    again.add_losses([7.0])
    again.add_readings(120, {"exact_match": 1.0})

    assert again.columns()["exact_match"][[0, 50, 100, 120]].tolist() == [0, 0.05, 0.1, 1]
    assert Curves.from_columns(Curves().columns()).columns()["loss"].size == 0
