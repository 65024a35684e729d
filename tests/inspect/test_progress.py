"""What takes long says how far it is, from 0 to 1 and never backward, and computes the same."""

import itertools

import pytest
from small_models import TEXT, drawn

from rnncli.data.sentence import Sentence
from rnncli.inspect import attribution
from rnncli.inspect.document import Question, document
from rnncli.inspect.gradients import gradients

SENTENCES = [Sentence(TEXT, [""] * 7, [()] * 7, 1), Sentence(["cat"], [""], [()], 9)]


class Recorder:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.named: list[str] = []

    def __call__(self, done: float, what: str) -> None:
        self.shares.append(float(done))
        if not self.named or self.named[-1] != what.split(",")[0]:
            self.named.append(what.split(",")[0])


def check(recorder: Recorder) -> None:
    assert all(before <= after for before, after in itertools.pairwise(recorder.shares))
    assert 0 == recorder.shares[0]
    assert 0.5 < recorder.shares[-1] <= 1


@pytest.mark.parametrize("numbers", [1 << 25, 1])  # one token at a time
def test_a_document_says_how_far_it_is(numbers, monkeypatch):
    monkeypatch.setattr(attribution, "MOST_NUMBERS", numbers)
    models = [drawn(arch="bidirectional", decoder="crf", scale=scale) for scale in (0.7, 1.5)]
    asked = Question([" ".join(TEXT), "cat sat"], SENTENCES)
    recorder = Recorder()
    found = document(models[0], asked, models[1], recorder)
    check(recorder)
    of_texts = ["ablation", "gradient", "contribution"] * 2
    assert ["units", "decay with distance", "context that decisions need", *of_texts] * 2 == recorder.named
    assert found == document(models[0], asked, models[1])


def test_gradients_say_how_far_they_are():
    recorder, model = Recorder(), drawn(arch="elman")
    found = gradients(model, SENTENCES, recorder)
    assert [0, 7 / 8] == recorder.shares
    assert found == gradients(model, SENTENCES)
