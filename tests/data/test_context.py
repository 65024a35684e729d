"""data/context.py: the n-grams that a token forms with its neighbours."""

from itertools import pairwise

import numpy as np
import pytest

from rnncli.config import NetworkSpec
from rnncli.data import context as context_module
from rnncli.data.context import Context, kind
from rnncli.data.inputs import Inputs

SENTENCES = [["台", "北", "市"], [], ["北", "市"], ["台", "北"]]


def of_tokens(context: Context, sentences: list[list[str]], of: str = "") -> list[set[str]]:
    """The n-grams that each token selects, as texts: of tokens, or "=" of their kinds."""
    rows, starts = context.rows_of(sentences)
    texts = [context.words[row] if context.words[row].startswith("=") == bool(of) else "" for row in rows]
    return [{*texts[start:end]} - {""} for start, end in pairwise(starts)]


def test_ngrams_that_occur_twice_are_listed() -> None:
    context = Context.count(SENTENCES)
    # The place of the first token, and the tokens; "" lies beyond a sentence.
    tokens = {"-1 台 北", "-1 北 市", "-1  台", "+0 台 北", "+0 北 市", "+0 市 ", "-1  台 北", "-1 北 市 "}
    assert tokens == {text for text in context.words if not text.startswith("=")}
    assert "=+0 c" == context.words[0]  # the most frequent is the first


def test_a_token_selects_its_ngrams_by_place() -> None:
    context = Context.count(SENTENCES)
    assert [{"-1  台", "+0 台 北", "-1  台 北"}, {"-1 台 北"}] == of_tokens(context, [["台", "北", "海"]])[:2]
    assert [set(), set()] == of_tokens(context, [["x"], ["y"]])  # another sentence is no neighbour


def test_a_token_selects_the_kinds_around_it() -> None:
    context = Context.count([["a", "7", "北", "!", "B"]] * 2)
    expected = [{"=+0 x", "=-1  x 0", "=-2   x 0 c"}, {"=+0 0", "=-1 x 0 c", "=-2  x 0 c !"}]
    assert expected == of_tokens(context, [["z", "3", "南", "!", "Y"]], "=")[:2]
    assert ["X0", "Xx-", ""] == [kind("A1"), kind("Ab-Cd"), kind("")]


@pytest.mark.parametrize("least", [1, 4])
def test_the_most_frequent_ngrams_are_kept(monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    monkeypatch.setattr(context_module, "MOST", 3)
    monkeypatch.setattr(context_module, "LEAST", least)
    kept = Context.count([["b", "a"] * 3, ["b"]])
    assert ["=+0 x", "=-1 x x x", "-1 b a"][: 3 if least == 1 else 2] == kept.words[:3]


def test_a_sentence_selects_the_same_among_others() -> None:
    context = Context.count(SENTENCES)
    together = of_tokens(context, SENTENCES)
    assert together == [texts for sentence in SENTENCES for texts in of_tokens(context, [sentence])]


def test_inputs_with_context_come_back_from_their_lists() -> None:
    spec = NetworkSpec(arch="elman", cell="simple", features="embedding+context", ngram=3, digits="zero")
    inputs = Inputs.count(spec, SENTENCES, [], None)
    again = Inputs.from_lists({table.name: table.width for table in inputs.tables}, inputs.lists())
    assert inputs == again
    one, other = (each.encode(SENTENCES) for each in (inputs, again))
    assert (one.ids == other.ids).all()
    assert [0, 1] == [bags.source for bags in one.bags]
    assert all(np.array_equal(*pair) for pair in zip(one.bags[1][2:], other.bags[1][2:], strict=True))
