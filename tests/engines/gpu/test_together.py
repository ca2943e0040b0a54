"""Many runs at once on the GPU's engine: each as if it were alone."""

import threading

import numpy as np
import pytest
from gradients import start

pytest.importorskip("triton")

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.cli import call
from ripplecarry.engines.gpu.engine import GpuEngine
from ripplecarry.engines.gpu.rendezvous import Rendezvous
from ripplecarry.engines.registry import open_engine, runs_at_once
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.sweep import sweep

SMALL = {"hidden_size": 12, "embedding_size": 4, "digits": 1, "batch_size": 20}
TINY = {"hidden_size": 5, "embedding_size": 3, "layers": 1, "digits": 1, "batch_size": 6, "steps": 2}


def side_by_side(actions):
    """Calls all in threads of their own; what they return, or the exceptions they raise."""
    results = [None] * len(actions)

    def one(number):
        try:
            results[number] = actions[number]()
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return results


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the interpreter's NumPy
@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_a_run_in_a_stack_is_the_same_run_alone_whatever_becomes_of_the_others(cell):
    trials = [
        Trial(cell=cell, optimiser="momentum", learning_rate=rate, **SMALL) for rate in (0.001, 0.01, 0.02)
    ]
    source = trials[0].batches(4, Stream.EVALUATION, 20)
    alone = []
    for seed, trial in enumerate(trials):
        trainer = start(GpuEngine(), trial, seed)
        alone.append((trainer.advance(1 + seed), trainer.count_right(source, 2), trainer.state()))
    broken = start(GpuEngine(), trials[0], 7)
    state = broken.state()
    state["dense.weight"][0, 0] = np.inf
    broken.restore(0, state)
    trainers = [start(GpuEngine(), trial, seed) for seed, trial in enumerate(trials)]
    assert len({trainer.company for trainer in trainers}) == 1

    def train(trainer, count):
        with trainer.among_others():
            everyone.wait()
            return trainer.advance(count), trainer.count_right(source, 2), trainer.state()

    def diverge():
        with broken.among_others():
            everyone.wait()
            return broken.advance(3)

    everyone = threading.Barrier(4)
    actions = [lambda t=trainer, n=1 + seed: train(t, n) for seed, trainer in enumerate(trainers)]
    *together, losses = side_by_side([*actions, diverge])

    assert len(losses) == 1
    for (losses, right, state), (own_losses, own_right, own_state) in zip(together, alone, strict=True):
        assert np.array_equal(losses, own_losses)
        assert right == own_right
        assert all(np.array_equal(state[name], own_state[name]) for name in state)


def test_runs_of_other_shapes_form_other_stacks():
    trial = Trial(**SMALL)
    trainers = [
        start(GpuEngine(), trial.model_copy(update=change))
        for change in ({}, {"learning_rate": 0.1}, {"cell": "gru"}, {"base": 3}, {"task": "subtraction"})
    ]

    companies = [trainer.company for trainer in trainers]

    assert companies[0] is companies[1]
    assert len(set(companies)) == 4


def test_a_slot_is_used_again_and_starts_empty():
    trial = Trial(**SMALL)
    first = start(GpuEngine(), trial)
    company, slot = first.company, first.slot
    first.advance(1)
    del first

    second = start(GpuEngine(), trial, 1)

    assert second.company is company
    assert second.slot == slot
    assert not second.state()["optimiser.first"].any()
    more = [start(GpuEngine(), trial, seed) for seed in range(12)]
    assert len({trainer.slot for trainer in more} | {slot}) == 13


def test_a_rendezvous_serves_like_requests_together_once_all_members_wait():
    rendezvous, served = Rendezvous(threading.RLock()), []

    def serve(wishes):
        served.append(sorted(wishes))
        return [-payload for payload in wishes]

    def member(kind, wishes):
        with rendezvous.member():
            everyone.wait()
            return [rendezvous.ask(kind, serve, payload) for payload in wishes]

    everyone = threading.Barrier(3)
    results = side_by_side(
        [lambda: member("a", [1, 2]), lambda: member("a", [3]), lambda: member("b", [4, 5, 6])]
    )

    assert results == [[-1, -2], [-3], [-4, -5, -6]]
    assert sorted(served) == [[1, 3], [2], [4], [5], [6]]


def test_an_error_reaches_those_who_asked_for_it_and_nobody_waits_for_one_who_left():
    rendezvous = Rendezvous(threading.RLock())

    def fails(wishes):
        raise OSError("no room")

    def member(kind, serve):
        with rendezvous.member():
            everyone.wait()
            return rendezvous.ask(kind, serve, 1)

    def leaves():
        with rendezvous.member():
            everyone.wait()

    everyone = threading.Barrier(3)
    failed, fine, _ = side_by_side(
        [lambda: member("a", fails), lambda: member("b", lambda wishes: wishes), leaves]
    )

    assert isinstance(failed, OSError)
    assert fine == 1


def test_a_sweep_on_the_gpu_leaves_the_bits_of_runs_one_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr("ripplecarry.sweeps.training.NUM_PAIRS", 10)  # interpreted, a thousand take long
    runs = [("rnn", 0), ("rnn", 1), ("gru", 0)]
    requests = [RunRequest(Trial(cell=cell, **TINY), seed, "gpu") for cell, seed in runs]
    together, alone = Store(tmp_path / "together"), Store(tmp_path / "alone")

    assert len(sweep(requests, together).finished) == 3
    assert len(sweep(requests, alone, num_workers=1).finished) == 3

    for run_id in together.ids():
        for name in ("curves.parquet", "weights.safetensors", "checkpoints.safetensors"):
            assert (together.open(run_id).folder / name).read_bytes() == (
                alone.open(run_id).folder / name
            ).read_bytes()
    assert runs_at_once({"gpu"}) == 512


def test_it_is_called_experimental_where_it_is_chosen(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("ripplecarry.sweeps.training.NUM_PAIRS", 2)
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in (TINY | {"steps": 1}).items()]

    assert call(["train", "--engine", "gpu", "--store", str(tmp_path), *settings]) == 0
    assert capsys.readouterr().err.count("the engine gpu is experimental") == 1
    assert call(["train", "--help"]) == 0
    assert "Experimental: gpu" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_without_a_gpu_it_is_refused_in_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("TRITON_INTERPRET")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.chdir(tmp_path)

    assert call(["train", "--engine", "gpu"]) == 2

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "the engine gpu needs a GPU that PyTorch sees, and there is none" in said
    assert list(tmp_path.iterdir()) == []


def test_what_it_cannot_do_is_refused(monkeypatch, tmp_path):
    with pytest.raises(ConfigurationError, match="hidden_size is 129; the gpu engine has up to 128"):
        start(GpuEngine(), Trial(hidden_size=129))
    with pytest.raises(ConfigurationError, match="digit 10 is outside base 10"):
        start(GpuEngine(), Trial(**SMALL)).logits(np.full((1, 3, 2), 10, np.uint8))
    request = RunRequest(Trial(**TINY), 0, "gpu")
    with pytest.raises(ConfigurationError, match="the executor processes separates runs"):
        sweep([request], Store(tmp_path / "store"), executor="processes")
    monkeypatch.setitem(__import__("sys").modules, "ripplecarry.engines.gpu.engine", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'ripplecarry\[gpu\]'"):
        open_engine("gpu")
