"""What to label next: the most uncertain sentences, each once, and different ones."""

import math

import numpy as np
import pytest

from rnncli.data.sentence import Sentence
from rnncli.studies import priority
from rnncli.studies.priority import Candidates, Chosen, choose


def sentence(text, columns=None):
    tokens = text.split()
    return Sentence(tokens, [], columns or [()] * len(tokens), 1)


def candidates(*items):
    return [Chosen(number, sentence(text), value) for number, (text, value) in enumerate(items)]


def cosine(texts, first, second):
    """Of two of these texts, written out."""
    rows = [text.lower().split() for text in texts]
    words = sorted({word for row in rows for word in row})
    idf = {word: math.log((1 + len(rows)) / (1 + sum(word in row for row in rows))) for word in words}
    a, b = ([rows[i].count(word) * idf[word] for word in words] for i in (first, second))
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_without_diversity_the_most_uncertain_come_first():
    items = candidates(("a b", 0.2), ("a b c", 0.9), ("d", 0.5))
    assert [choice.number for choice in choose(items, 2, 0.0)] == [1, 2]


def test_what_is_like_a_chosen_one_comes_later():
    texts = ["fly to Boston", "fly to Denver", "which meals are served", "fly to Boston now"]
    items = candidates(*zip(texts, [0.9, 0.8, 0.6, 0.89], strict=True))
    chosen = choose(items, 4, 0.5)
    assert [choice.number for choice in chosen] == [0, 1, 2, 3]  # the last is the second by its uncertainty
    assert chosen[0].similarity == 0
    assert chosen[1].similarity == pytest.approx(cosine(texts, 0, 1))
    assert chosen[2].similarity == pytest.approx(0)
    assert chosen[3].similarity == pytest.approx(max(cosine(texts, 0, 3), cosine(texts, 1, 3)))


def test_each_choice_is_the_best_by_the_formula():
    rng = np.random.default_rng(2)
    texts = [" ".join(rng.choice(list("abcdefgh"), rng.integers(1, 6)).tolist()) + f" w{i}" for i in range(40)]
    values = rng.random(40).tolist()
    items = candidates(*zip(texts, values, strict=True))
    chosen = [choice.number for choice in choose(items, 15, 0.3)]
    before = []
    for number in chosen:
        left = [i for i in range(40) if i not in before]
        value = {
            i: 0.7 * values[i] / max(values) - 0.3 * max([cosine(texts, i, j) for j in before], default=0)
            for i in left
        }
        assert value[number] == pytest.approx(max(value.values()))
        before.append(number)


@pytest.mark.parametrize("block", [1, 7, 4096])
def test_candidates_are_the_most_uncertain_ones_each_once(block, monkeypatch):
    monkeypatch.setattr(priority, "BLOCK", block)
    rng = np.random.default_rng(3)
    words = [f"w{i}" for i in rng.integers(60, size=300)]  # many are repeated
    value = {f"w{i}": float(v) for i, v in enumerate(rng.random(60))}
    kept = Candidates(10)
    kept.add(
        ((i, sentence(word)) for i, word in enumerate(words)),
        lambda some: np.array([value[s.tokens[0]] for s in some]),
    )
    best = sorted(set(words), key=lambda word: -value[word])[:10]
    assert [choice.sentence.tokens[0] for choice in kept.ordered()] == best
    assert [choice.number for choice in kept.ordered()] == [words.index(word) for word in best]


def test_only_columns_that_the_model_reads_make_sentences_different():
    one, other = sentence("a", [("x", "1")]), sentence("a", [("x", "2")])
    for columns, count in ((0, 1), (1, 1), (2, 2)):
        kept = Candidates(10, columns)
        kept.add(enumerate([one, other]), lambda some: np.full(len(some), 0.5))
        assert len(kept.ordered()) == count
        assert kept.repeated == 2 - count


def test_no_candidates_and_certain_ones():
    assert choose([], 5, 0.3) == []
    assert [choice.number for choice in choose(candidates(("a", 0.0), ("b", 0.0)), 5, 0.3)] == [0, 1]
