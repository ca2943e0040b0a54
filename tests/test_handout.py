"""The course's interface as the protocol lists it."""

import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from handout import data, pt  # noqa: E402

# A solution in the course's own style, nothing of this project's in it; then one of fifty classes.
FOREIGN_SOLUTION = """
import numpy as np
import torch
import torch.nn as nn
from handout.data import prepare_batch, gen_data_batch, results_converter


class myPTRNNModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_layer = nn.Embedding(10, 8)
        self.rnn = nn.RNN(16, 16, 1, batch_first=True)
        self.dense = nn.Linear(16, 10)

    def forward(self, num1, num2):
        both = torch.cat([self.embed_layer(num1), self.embed_layer(num2)], 2)
        return self.dense(self.rnn(both)[0])


def train(steps, model, optimizer):
    for step in range(steps):
        datas = gen_data_batch(batch_size=20, start=0, end=1e8)
        Nums1, Nums2, results = prepare_batch(*datas, maxlen=11)
        logits = model(torch.tensor(Nums1, dtype=torch.int64), torch.tensor(Nums2))
        loss = nn.CrossEntropyLoss()(logits.view(-1, logits.shape[-1]), torch.tensor(results).view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def evaluate(model):
    datas = gen_data_batch(batch_size=30, start=555555555, end=999999999)
    Nums1, Nums2, results = prepare_batch(*datas, maxlen=11)
    with torch.no_grad():
        logits = model(torch.tensor(Nums1), torch.tensor(Nums2)).numpy()
    res = results_converter(np.argmax(logits, axis=-1))
    print("accuracy is: %g" % np.mean([o[0] == o[1] for o in zip(datas[2], res)]))


def pt_main():
    model = myPTRNNModel()
    train(3, model, torch.optim.Adam(model.parameters()))
    evaluate(model)


class Wide(myPTRNNModel):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(16, 50)


def pt_adv_main():
    model = Wide()
    train(3, model, torch.optim.Adam(model.parameters()))
    evaluate(model)
"""


def test_names_and_arguments_are_the_protocols():
    expected = {
        data.gen_data_batch: ["batch_size", "start", "end"],
        data.pad2len: ["lst", "length", "pad"],
        data.results_converter: ["res_lst"],
        data.prepare_batch: ["Nums1", "Nums2", "results", "maxlen"],
        pt.compute_loss: ["logits", "labels"],
        pt.train_one_step: ["model", "optimizer", "x", "y", "label"],
        pt.train: ["steps", "model", "optimizer", "maxlen"],
        pt.evaluate: ["model", "maxlen", "batch_size"],
        pt.pt_main: ["lr"],
        pt.pt_adv_main: ["m", "maxlen", "epochs", "layers", "lr"],
        pt.train_test: ["case"],
        pt.myAdvPTRNNModel: ["layers", "model"],
        pt.myPTRNNModel: [],
    }
    for function, names in expected.items():
        assert list(inspect.signature(function).parameters) == names


def test_operands_are_drawn_with_both_ends():
    np.random.seed(0)
    first, second, sums = data.gen_data_batch(500, 3, 5.0)

    assert set(first) == set(second) == {3, 4, 5}
    assert first.dtype == sums.dtype == np.int64
    assert (first + second == sums).all()


@pytest.mark.parametrize("digits", [18, 19, 30, 25_000])
def test_long_operands_are_python_integers_where_they_must(digits):
    limit = sys.get_int_max_str_digits()
    first, second, sums = data.gen_data_batch(batch_size=20, start=0, end=10**digits)
    lists = data.prepare_batch(first, second, sums, maxlen=digits + 2)

    assert first.dtype == (np.int64 if digits == 18 else object)
    assert data.results_converter(np.array(lists[2])) == list(sums)
    assert all(len(digits_of) == len(lists[0][0]) for digits_of in lists[1])
    assert sys.get_int_max_str_digits() == limit


def test_digit_lists_go_both_ways():
    assert data.convertNum2Digits(133412) == [1, 3, 3, 4, 1, 2]
    assert data.convertNum2Digits(0) == [0]
    assert all(data.convertNum2Digits(10**k) == [1] + [0] * k for k in range(60))
    assert data.convertDigits2Num([1, 3, 3, 4, 1, 2]) == 133412
    assert data.reverseDigits([1, 2, 3]) == [3, 2, 1]
    assert data.pad2len([1], 3) == [1, 0, 0]
    assert data.pad2len([1], 3, pad=7) == [1, 7, 7]
    with pytest.raises(RuntimeError):
        data.pad2len([1, 2], 1)
    with pytest.raises(RuntimeError):
        data.prepare_batch([123], [4], [127], maxlen=2)


def test_predictions_of_more_than_ten_classes_are_joined_as_text():
    assert data.results_converter([[10, 1], [3, 2, 1]]) == [110, 123]
    assert data.results_converter(np.array([[49, 3], [0, 12]])) == [349, 120]
    assert data.results_converter(torch.tensor([[11, 2]])) == [211]
    assert data.convertDigits2Num([1, 10]) == 110
    assert data.convertDigits2Num([25] * 3000) == (10**6000 - 1) // 99 * 25
    for wrong in ([], [1.5], [1.0], [-1, 2], ["x"]):
        with pytest.raises(ValueError, match="give whole numbers from 0"):
            data.results_converter([wrong])


def test_a_list_is_padded_in_place():
    digits = [1, 2]

    assert data.pad2len(digits, 4) is digits
    assert digits == [1, 2, 0, 0]
    with pytest.raises(RuntimeError):
        data.pad2len(digits, 3)
    assert digits == [1, 2, 0, 0]


def test_numbers_may_be_text():
    assert data.convertNum2Digits("0120") == [0, 1, 2, 0]
    assert len(data.convertNum2Digits("9" * 25_000)) == 25_000
    assert data.convertDigits2Num(["1", 3, "3"]) == 133
    assert data.prepare_batch(["12", 3], np.array(["7", "08"]), [19, "11"], maxlen=3) == (
        [[2, 1, 0], [3, 0, 0]],
        [[7, 0, 0], [8, 0, 0]],
        [[9, 1, 0], [1, 1, 0]],
    )
    with pytest.raises(RuntimeError):
        data.prepare_batch(["1234"], ["1"], ["1235"], maxlen=3)


@pytest.mark.parametrize("end", [1.5, "many", -3])
def test_bounds_that_are_no_range_are_refused(end):
    with pytest.raises(ValueError, match="must be"):
        data.gen_data_batch(3, 0, end)


def test_state_dicts_have_the_reports_names():
    state = pt.myPTRNNModel().state_dict()

    assert list(state)[:2] == ["embed_layer.weight", "rnn.weight_ih_l0"]
    assert "dense.bias" in state
    assert sum(value.numel() for value in state.values()) == 17_610
    assert type(pt.myAdvPTRNNModel(3, "GRU").rnn) is torch.nn.GRU


def test_training_prints_and_keeps_the_curves(capsys):
    losses, accuracies = pt.pt_adv_main(m="LSTM", maxlen=3, epochs=101, layers=1, lr=0.01)

    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed[::2]] == ["step 0 ", "step 50 ", "step 100 "]
    assert float(printed[2].split()[-1]) == pytest.approx(losses[50])
    assert all(line.startswith("accuracy is: ") for line in printed[1::2])
    assert len(losses) == 101
    assert len(accuracies) == 3
    assert losses[-1] < losses[0]


def test_a_single_step_lowers_the_loss():
    torch.manual_seed(0)
    model = pt.myPTRNNModel()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    batch = data.prepare_batch(*data.gen_data_batch(50, 0, 10**4), maxlen=6)

    first, *_, last = (pt.train_one_step(model, optimiser, *batch) for _ in range(5))

    assert last < first


def test_a_comparison_leaves_its_two_pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pt, "pt_adv_main", lambda **settings: ([2.0, 1.0], [0.5]))
    for case in (1, 2, 3, 4):
        pt.train_test(case)

    names = {f"test-{k}-{what}.png" for k in ("layers", "nums", "lrs", "models")
             for what in ("loss", "acc")}  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == names


def run(folder, *command):
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )


def test_someone_elses_solution_of_ten_classes_and_of_fifty_runs_unchanged(tmp_path):
    shutil.copytree(ROOT / "handout", tmp_path / "handout")
    shutil.copy(ROOT / "source.py", tmp_path)
    (tmp_path / "handout" / "pt.py").write_text(FOREIGN_SOLUTION)

    result = run(tmp_path, "source.py")

    assert result.returncode == 0, result.stderr
    assert result.stdout.count("accuracy is: ") == 2


def test_a_model_with_fifty_classes_is_trained(capsys):
    class Wide(pt.myPTRNNModel):
        def __init__(self):
            super().__init__()
            self.dense = torch.nn.Linear(64, 50)

    model = Wide()
    assert pt.train(2, model, torch.optim.Adam(model.parameters()), maxlen=2) > 0
    assert capsys.readouterr().out.count("accuracy is: ") == 1


def test_scripts_refuse_what_is_not_there():
    tf = run(ROOT, "source.py", "--framework", "tf")
    assert (tf.returncode, tf.stdout) == (2, "")
    assert "choose from pt" in tf.stderr

    case = run(ROOT / "handout", "pt.py", "5")
    assert (case.returncode, case.stdout) == (2, "")
    assert "choose from 1, 2, 3, 4" in case.stderr
