"""data/context.py: the n-grams that a token forms with its neighbours."""

from itertools import pairwise

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.context import Context
from rnncli.data.inputs import Inputs

SENTENCES = [["台", "北", "市"], [], ["北", "市"], ["台", "北"]]


def of_tokens(context: Context, sentences: list[list[str]]) -> list[set[str]]:
    """The n-grams that each token selects, as texts."""
    rows, starts = context.rows_of(sentences)
    return [{context.words[row] for row in rows[start:end]} for start, end in pairwise(starts)]


def test_ngrams_that_occur_twice_are_listed_the_most_frequent_first() -> None:
    context = Context.count(SENTENCES)
    # A place of the token in the n-gram, and the tokens; "" lies beyond a sentence.
    assert {"-1 台 北", "-1 北 市", "-1  台", "+0 台 北", "+0 北 市", "+0 市 ", "-1  台 北", "-1 北 市 "} == {
        *context.words
    }


def test_a_token_selects_its_ngrams_by_place() -> None:
    context = Context.count(SENTENCES)
    assert [{"-1  台", "+0 台 北", "-1  台 北"}, {"-1 台 北"}] == of_tokens(context, [["台", "北", "海"]])[:2]
    assert [set(), set()] == of_tokens(context, [["x"], ["y"]])  # another sentence is no neighbour


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
