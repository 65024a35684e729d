"""A pass over a corpus finds what a loop over its sentences finds."""

import numpy as np
import pytest

from rnncli import kernel_choice, labelling, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.inspect import survey as survey_module
from rnncli.inspect.memory import text_memory
from rnncli.inspect.survey import SHOWN_CONTEXTS, survey

WORDS = ["leave", "arrive", "Taipei", "Osaka", "on", "Monday", "now", "please", "from", "to"]


def corpus(count=30):
    rng = np.random.default_rng(3)
    found = []
    for line in range(count):
        tokens = rng.choice(WORDS, rng.integers(1, 9)).tolist()
        tags = ["B-x" if token in ("Taipei", "Osaka") else "O" for token in tokens]
        found.append(Sentence(tokens, tags, [()] * len(tokens), 1 + 10 * line))
    return found


def untrained(**spec):
    return training.prepare(corpus(), NetworkSpec(**({"hidden": 4, "window": 0} | spec)), TrainingSpec())


def by_hand(model, place, unit):
    """(value, (before, token, after), line) of every token, one sentence at a time."""
    for sentence in corpus():
        values = text_memory(model, " ".join(sentence.tokens)).memories[place].values[:, unit]
        for t, value in enumerate(values.tolist()):
            words = sentence.tokens
            yield value, (words[max(0, t - 4) : t], words[t], words[t + 1 : t + 5]), sentence.line


@pytest.fixture(params=["reference", "kernels"])
def path(request, monkeypatch):
    """Both ways to run sentences, and blocks that are smaller than the corpus."""
    if request.param == "kernels":
        monkeypatch.setattr(kernel_choice, "SMALL_TOKENS", 0)
        monkeypatch.setattr(labelling, "BATCH_TOKENS", 20)
    monkeypatch.setattr(survey_module, "_BLOCK_SENTENCES", 7)


@pytest.mark.parametrize(
    ("spec", "name", "place"),
    [
        ({"arch": "elman", "cell": "simple"}, "layer 1", 0),
        ({"arch": "bidirectional", "cell": "lstm", "layers": 2}, "layer 2 backward", 3),
        ({"arch": "hybrid", "cell": "simple"}, "output", 1),
    ],
)
def test_the_contexts_that_drive_a_unit_are_those_with_its_extreme_values(path, spec, name, place):
    model = untrained(**spec)
    driven = survey(model, corpus(), (name, 1)).driven
    values = sorted(by_hand(model, place, 1))
    for found, expected in ((driven.up, values[::-1]), (driven.down, values)):
        best = {}
        for value, words, _ in expected:
            best.setdefault(str(words), value)
        wanted = list(best.values())[:SHOWN_CONTEXTS]
        np.testing.assert_allclose([c.value for c in found], wanted, rtol=1e-4, atol=1e-6)
        # Which of two contexts with equal values is shown is left open.
        of_contexts = [best[str((list(c.before), c.token, list(c.after)))] for c in found]
        np.testing.assert_allclose(of_contexts, wanted, rtol=1e-4, atol=1e-6)


def test_units_are_told_apart_by_the_tags_of_the_corpus(path):
    model = untrained(arch="elman", cell="simple")
    runs = [text_memory(model, " ".join(sentence.tokens)).memories[0].values for sentence in corpus()]
    values, tags = np.concatenate(runs), np.array([tag for sentence in corpus() for tag in sentence.tags])
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    between = sum(
        (tags == tag).sum() * (values[tags == tag].mean(axis=0) - values.mean(axis=0)) ** 2 for tag in ("O", "B-x")
    )
    found = survey(model, corpus()).units["layer 1"]
    np.testing.assert_allclose(found.separation, between / total, rtol=1e-4)


def test_equal_contexts_count_once():
    sentences = [Sentence(["leave", "Taipei"], ["O", "B-x"], [(), ()], line) for line in (1, 4, 7)]
    driven = survey(untrained(arch="elman"), sentences, ("layer 1", 0)).driven
    assert 2 == len(driven.up) == len(driven.down)
    assert {1} == {context.line for context in driven.up}
