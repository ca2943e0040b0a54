"""The GPU's benchmark, on the processor: what it prints is of no use there, that it runs is."""

import json

import pytest
import torch

pytest.importorskip("triton")

from benchmarks import gpu_peers
from benchmarks.command import call
from benchmarks.gpu_limits import bandwidth, peak_flops
from benchmarks.gpu_steps import PEERS, GpuTiming, seconds_of_sweep, time_gpu_steps
from ripplecarry.runs.trial import Trial

CPU = torch.device("cpu")
TINY = Trial(hidden_size=4, embedding_size=2, layers=1, digits=1, batch_size=3, steps=3)


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr("benchmarks.gpu_steps.peak_flops", lambda device: 1e12)
    monkeypatch.setattr("benchmarks.gpu_steps.bandwidth", lambda device: 1e11)
    monkeypatch.setattr("benchmarks.gpu_steps.STEPS_PER_CALL", 1)


def test_ways_take_turns_and_are_compared():
    timings, left_out = time_gpu_steps(
        TINY, CPU, counts=(1, 2), compared=2, peers=PEERS[:2], rounds=1, slice_s=0.01
    )

    ours = {timing.num_runs: timing for timing in timings if timing.way == "gpu"}
    assert list(ours) == [1, 2]
    assert ours[2].times_slower == 1
    assert all(0 < t.share_of_peak < 1 and t.share_of_bandwidth for t in ours.values())
    (cudnn,) = (timing for timing in timings if timing.way == "cuDNN modules")
    assert cudnn.run_steps_per_s > 0
    assert cudnn.share_of_bandwidth is None
    assert left_out["cuDNN graph"] == "only a GPU captures graphs"
    assert seconds_of_sweep(TINY, 2, "ieee", CPU) > 0


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_modules_learn(cell):
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "embedding_size": 8, "batch_size": 100}
    step = gpu_peers.modules(TINY.model_copy(update={"cell": cell, "learning_rate": 0.02} | sizes), CPU)

    losses = [step().item() for _ in range(80)]

    assert losses[-1] < 0.4 * losses[0]


def test_the_modules_are_taught_to_add():
    operands, answers = gpu_peers.draw_sums(TINY, CPU)

    assert torch.equal(answers[:, 0] + 10 * answers[:, 1], operands[:, 0].sum(dim=1))


def test_jax_trains_many_runs_at_once():
    pytest.importorskip("jax")
    timings, _ = time_gpu_steps(
        TINY, CPU, counts=(1,), compared=2, peers=("jax vmap",), rounds=1, slice_s=0.01
    )

    assert timings[-1].way == "jax vmap"
    assert timings[-1].num_runs == 2


def test_limits_are_measured():
    assert peak_flops(CPU, programs=1, repeats=2) > 0
    assert bandwidth(CPU, size=1000) > 0


def test_the_command_prints_ratios(monkeypatch, capsys):
    asked = []

    def time_them(trial, device, **settings):
        asked.append((trial.cell, trial.sequence_length, settings["multiply"]))
        return [GpuTiming(trial.cell, 11, "gpu", 1000, 12345.0, 1.0, 0.25, 0.1)], {"jax vmap": "not there"}

    monkeypatch.setattr("benchmarks.gpu_steps.time_gpu_steps", time_them)
    monkeypatch.setattr("benchmarks.gpu_steps.seconds_of_sweep", lambda *_: 4.5)

    assert call(["--engine=gpu_tf32x3", "--cells=rnn,lstm", "--positions=11"]) == 0
    assert asked == [("rnn", 11, "tf32x3"), ("lstm", 11, "tf32x3")]
    printed = capsys.readouterr().out
    assert "25%" in printed
    assert "left out: jax vmap: not there" in printed
    assert call(["--engine=gpu", "--cells=rnn", "--positions=11", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["s_of_1000_baseline_runs_of_500_steps"] == 4.5
    assert call(["--engine=gpu", "--peers=abacus"]) == 2
    assert "unknown peer 'abacus'; choose from cuDNN modules" in capsys.readouterr().err
