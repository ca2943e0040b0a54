"""How results show themselves: a short line, and in notebooks a card with a picture."""

from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

import ripplecarry as rc
from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.tasks import addition
from ripplecarry.claims.findings import decide
from ripplecarry.claims.intervals import Interval
from ripplecarry.notebook import column_picture, curves_picture, interval_picture
from ripplecarry.runs.listing import COLUMNS
from ripplecarry.runs.trial import Trial
from ripplecarry.verbs.check import Checked

TINY = {"hidden_size": 6, "embedding_size": 3, "batch_size": 10, "digits": 3, "steps": 60}
STUDY = rc.Study(
    name="tiny",
    question="Do <small> cells learn?",
    base=Trial(**TINY),
    grid={"cell": ("rnn", "gru")},
    claims=(rc.Claim("T1", "GRU is faster", rc.fastest(rc.area("loss"), cell="gru")),),
)


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Balanced(HTMLParser):
    """Refuses elements that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.names = []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        if tag != "br":
            self.tags.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)

    def handle_endtag(self, tag):
        assert self.tags.pop() == tag


def elements(html):
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.tags == []
    return parser.names


def counterexample():
    digits = np.array([[1, 9], [0, 9], [0, 0]], dtype=np.uint8)
    answer, right = (np.array(each, dtype=np.uint8) for each in ([0, 1, 1], [0, 0, 1]))
    return Counterexample(addition(), digits, answer, right)


def certificate():
    box = {"low": [-1.0, 0.0], "high": [1.0, 0.5]}
    layers = [{"preactivation": box}]
    proof = SimpleNamespace(statement="For <all> numbers", margin=0.25)
    return rc.Certificate(
        {
            "format": "ripplecarry certificate 2",
            "cell": "rnn",
            "run": "abc-torch-0",
            "invariant": {"0": layers, "1": layers},
        },
        proof,
    )


def test_results_are_one_short_line_and_in_notebooks_a_small_picture():
    result = rc.study(STUDY, seeds=2, workers=1, engine="torch")
    run = result.runs[0]
    found = rc.evaluate(run, lengths=6, samples=10, engine="torch")
    shown = [run, result, found, found.counterexample, *result.verdicts(), counterexample(), certificate()]

    for each in [*shown, rc.compare(*result.runs[:2])]:
        line, html = repr(each), each._repr_html_()
        assert len(line) < 300, line
        assert "\n" not in line
        assert type(each).__name__ in line
        assert {"svg", "pre"} & set(elements(html)), line
        assert len(html) < 40_000
    assert "&lt;small&gt; cells" in result._repr_html_()
    assert found.explanation in found._repr_html_().replace("&#x27;", "'")
    assert run.id in repr(run)


def test_a_wrong_digit_is_marked_below_the_operands():
    picture = counterexample()._repr_html_()

    assert "<b style" in picture
    assert picture.index("99") < picture.index("the network") < picture.index("right</pre>")
    assert column_picture(["12", "7"], "19", "19").count("<b") == 0


def test_a_verdicts_picture_has_its_bounds():
    finding = decide("x", lambda level: Interval(1.0, 0.5, 1.5), 0.0, 0.05, 6, 1)

    assert finding.bounds == (0.0,)
    assert "stroke-dasharray" in interval_picture(finding.effect, finding.low, finding.high, finding.bounds)
    assert interval_picture(float("nan"), 0.0, 1.0, ()) == ""


def test_curves_that_are_not_finite_are_left_out():
    assert curves_picture({"loss": ([0, 1], [float("nan"), float("inf")])}) == ""
    assert "nan" not in curves_picture({"loss": ([0, 1, 2], [1.0, float("nan"), 2.0])})


def test_frames_have_all_settings():
    result = rc.study(STUDY, seeds=1, workers=1, engine="torch")
    settings = Trial.model_fields.keys() - {"machine", "cell_code"}

    for frame in (result.frame(), rc.Store().frame(), rc.compare(*result.runs).frame()):
        assert settings <= set(frame.columns)
        assert (frame.digits == 3).all()
    assert set(result.frame().cell) == {"rnn", "gru"}
    assert set(COLUMNS) <= set(rc.Store().frame().columns)


def test_a_store_gives_one_frame_and_warns_of_damaged_runs():
    kept, other = rc.train(**TINY), rc.train(**TINY, seed=1)
    (other.folder / "state.json").write_text("{")

    with pytest.warns(UserWarning, match="state.json"):
        frame = rc.Store().frame()

    assert frame.id.tolist() == [kept.id]


def test_pages_checks_and_studies_are_short_lines_too(tmp_path):
    run = rc.train(**TINY)
    page = rc.page(run, engine="torch")

    assert len(repr(page)) < 300
    assert len(repr(page.standing)) < 300
    assert page.path.name in page._repr_html_()
    assert repr(STUDY) == "<Study: tiny, trials: 2, claims: 1; Do <small> cells learn?>"
    proof = SimpleNamespace(margin=0.25)
    checked = Checked("abc-torch-0", tmp_path, proof, 0.24)
    assert repr(checked) == (
        "<Checked: abc-torch-0, right at every length by both checkers, margins 0.25 and 0.24>"
    )
