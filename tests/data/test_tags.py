"""data/tags.py: schemes, and spans by the rules of conlleval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from rnncli.data import tags
from rnncli.data.tags import Span


@pytest.mark.parametrize(
    ("expected", "sentences"),
    [
        ("IOB2", ["O B-x I-x O"]),
        ("IOB2", ["B-x B-x I-x"]),
        ("IOB2", ["B I O"]),
        ("IOB2", ["B-x I-y"]),  # malformed, but B-x begins a span
        ("IOB2", ["O B-x", "I-x O"]),  # both habits in one file
        ("IOB2", ["I-x", "B-x"]),  # a sentence's first token follows nothing
        ("IOB1", ["I-x I-x O"]),
        ("IOB1", ["I-x I-y"]),
        ("IOB1", ["O I-x B-x I-x"]),
        ("IOB1", ["O O", "I-x B-x"]),
        ("IOBES", ["B-x E-x O"]),
        ("IOBES", ["O S-x"]),
        ("IOBES", ["B-x I-x", "S"]),
        ("plain", ["DT NN VB"]),
        ("plain", ["B-x NN"]),
        ("plain", ["B-x O-x"]),
        ("plain", ["b-x o"]),
        ("plain", ["BE-x"]),
        ("plain", ["O O", "O"]),
        ("plain", [""]),
        ("plain", []),
    ],
)
def test_the_tags_of_a_corpus_name_their_scheme(expected: str, sentences: list[str]) -> None:
    assert expected == tags.recognise([sentence.split() for sentence in sentences])


def test_every_scheme_that_is_named_is_described() -> None:
    assert {"plain", "IOB1", "IOB2", "IOBES"} == set(tags.SCHEMES)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("O", ("O", "")),
        ("B-city", ("B", "city")),
        ("I-to-city", ("I", "to-city")),
        ("B", ("B", "")),
        ("B-", ("B", "")),
        ("NOUN", ("NOUN", "")),
    ],
)
def test_a_tag_is_cut_at_its_first_dash(tag: str, expected: tuple[str, str]) -> None:
    assert expected == tags.split(tag)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("", []),
        ("O O", []),
        ("B-x", [("x", 0, 1)]),
        ("O B-x I-x", [("x", 1, 3)]),  # a span that ends with its sentence
        ("B-x I-x O B-x", [("x", 0, 2), ("x", 3, 4)]),
        ("B-x B-x", [("x", 0, 1), ("x", 1, 2)]),
        ("B-x I-x B-x I-x", [("x", 0, 2), ("x", 2, 4)]),
        # IOB1: I begins a span after O and after another type, B only after its own.
        ("O I-x I-x O", [("x", 1, 3)]),
        ("I-x I-x I-y", [("x", 0, 2), ("y", 2, 3)]),
        ("I-x B-x I-x", [("x", 0, 1), ("x", 1, 3)]),
        # The type changes inside a span.
        ("B-x I-y I-y", [("x", 0, 1), ("y", 1, 3)]),
        ("B-x I-y I-x", [("x", 0, 1), ("y", 1, 2), ("x", 2, 3)]),
        ("B-x E-y", [("x", 0, 1), ("y", 1, 2)]),
        # IOBES, well-formed and not.
        ("B-x I-x E-x", [("x", 0, 3)]),
        ("S-x S-x", [("x", 0, 1), ("x", 1, 2)]),
        ("S-x B-x E-x", [("x", 0, 1), ("x", 1, 3)]),
        ("S-x I-x I-x", [("x", 0, 1), ("x", 1, 3)]),
        ("S-x E-x", [("x", 0, 1), ("x", 1, 2)]),
        ("E-x E-x", [("x", 0, 1), ("x", 1, 2)]),
        ("B-x E-x I-x", [("x", 0, 2), ("x", 2, 3)]),
        ("B-x S-x I-x", [("x", 0, 1), ("x", 1, 2), ("x", 2, 3)]),
        ("O E-x O", [("x", 1, 2)]),
        ("I-x E-x", [("x", 0, 2)]),
        ("B-x O E-x", [("x", 0, 1), ("x", 2, 3)]),
        # Without a type, and with a dash in it.
        ("B I O I B", [("", 0, 2), ("", 3, 4), ("", 4, 5)]),
        ("B I-x", [("", 0, 1), ("x", 1, 2)]),
        ("B-a-b I-a-b I-a", [("a-b", 0, 2), ("a", 2, 3)]),
        # O is outside, whatever is written behind it.
        ("B-x O-x I-x", [("x", 0, 1), ("x", 2, 3)]),
    ],
)
def test_spans_follow_conlleval(sentence: str, expected: list[tuple[str, int, int]]) -> None:
    assert [Span(*span) for span in expected] == tags.spans(sentence.split())


@pytest.mark.parametrize("prefixes", ["BI", "BIES"])
@given(data=st.data())
def test_spans_equal_those_of_seqeval(prefixes: str, data: st.DataObject) -> None:
    known = ["O", *(prefix + kind for prefix in prefixes for kind in ("-x", "-y", "-x-y", ""))]
    sentence = data.draw(st.lists(st.sampled_from(known), max_size=12))
    # seqeval counts the last token in, and writes "_" for no type.
    expected = [Span(kind.strip("_"), start, last + 1) for kind, start, last in get_entities(sentence)]
    assert expected == tags.spans(sentence)
