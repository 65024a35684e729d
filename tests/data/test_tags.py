"""data/tags.py: schemes, and spans by the rules of conlleval."""

from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
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


# May the second tag follow the first? One function a scheme, written as the scheme is told; None is the edge of a
# sentence.
def _iob2(before: str | None, after: str | None) -> bool:
    if after is None or after[0] != "I":
        return True
    return before in (f"B{after[1:]}", f"I{after[1:]}")


def _iob1(before: str | None, after: str | None) -> bool:
    if after is None or after[0] != "B":
        return True
    return before in (f"B{after[1:]}", f"I{after[1:]}")


def _iobes(before: str | None, after: str | None) -> bool:
    if before is not None and before[0] in "BI":
        return after in (f"I{before[1:]}", f"E{before[1:]}")
    return after is None or after[0] in "OBS"


FOLLOWS: dict[str, Callable[[str | None, str | None], bool]] = {
    "plain": lambda before, after: True,
    "IOB1": _iob1,
    "IOB2": _iob2,
    "IOBES": _iobes,
}
LETTERS = {"plain": "BIES", "IOB1": "BI", "IOB2": "BI", "IOBES": "BIES"}


@pytest.mark.parametrize("scheme", tags.SCHEMES)
def test_moves_are_those_that_the_scheme_tells(scheme: str) -> None:
    known = ["O", *(letter + kind for letter in LETTERS[scheme] for kind in ("-x", "-y", "-x-y", ""))]
    may = FOLLOWS[scheme]
    found = tags.moves(known, scheme)
    assert [may(None, tag) for tag in known] == found.first.tolist()
    assert [[may(one, other) for other in known] for one in known] == found.follow.tolist()
    assert [may(tag, None) for tag in known] == found.last.tolist()
    assert {np.dtype(bool)} == {part.dtype for part in (found.first, found.follow, found.last)}


@pytest.mark.parametrize(
    ("scheme", "allowed", "forbidden"),
    [
        (
            "IOB2",
            ["O B-x I-x I-x O", "B-x B-x", "B-x B-y I-y", "B I"],
            ["I-x", "O I-x", "B-x I-y", "B-x O I-x", "B I-x"],
        ),
        (
            "IOB1",
            ["I-x I-x", "O I-x", "I-x I-y", "I-x B-x B-x I-x", "I B"],
            ["B-x", "O B-x", "I-x B-y", "I-x O B-x"],
        ),
        (
            "IOBES",
            ["S-x S-x", "B-x E-x B-x E-x", "O B-x I-x I-x E-x O", "S B E"],
            [
                "B-x",
                "B-x I-x",
                "E-x",
                "I-x E-x",
                "O I-x",
                "B-x E-y",
                "B-x O",
                "B-x S-x",
                "S-x E-x",
                "E-x I-x",
                "B E-x",
            ],
        ),
        ("plain", ["DT NN", "I-x", "B-x"], []),
    ],
)
def test_data_obeys_its_scheme_or_not(scheme: str, allowed: list[str], forbidden: list[str]) -> None:
    good = [sentence.split() for sentence in allowed]
    assert tags.obeys(good, scheme)
    for sentence in forbidden:
        assert not tags.obeys([sentence.split()], scheme), sentence
        assert not tags.obeys([*good, sentence.split(), *good], scheme), sentence


@pytest.mark.parametrize("scheme", tags.SCHEMES)
def test_nothing_obeys_and_no_tags_have_no_moves(scheme: str) -> None:
    assert tags.obeys([], scheme) and tags.obeys([[], []], scheme)
    found = tags.moves([], scheme)
    assert [(0,), (0, 0), (0,)] == [part.shape for part in (found.first, found.follow, found.last)]


def _written(scheme: str, length: int, marked: list[Span]) -> list[str]:
    """The tags of a sentence with these spans."""
    sentence = ["O"] * length
    before = Span("", -1, -1)
    for span in marked:
        inner = ["I"] * (span.end - span.start)
        if scheme == "IOB2" or (scheme == "IOB1" and (before.end, before.type) == (span.start, span.type)):
            inner[0] = "B"
        if scheme == "IOBES":
            inner = ["B", *inner[1:-1], "E"] if len(inner) > 1 else ["S"]
        sentence[span.start : span.end] = [f"{prefix}-{span.type}" for prefix in inner]
        before = span
    return sentence


@st.composite
def sentences_with_spans(draw: st.DrawFn) -> tuple[int, list[Span]]:
    cuts = draw(st.lists(st.tuples(st.sampled_from(["", "x", "y"]), st.integers(1, 4)), max_size=6))
    marked, position = [], 0
    for kind, length in cuts:
        if kind:
            marked.append(Span(kind, position, position + length))
        position += length
    return position, marked


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "IOBES"])
@given(drawn=st.lists(sentences_with_spans(), max_size=4))
def test_spans_in_any_scheme_obey_it_and_are_found_again(scheme: str, drawn: list[tuple[int, list[Span]]]) -> None:
    written = [_written(scheme, length, marked) for length, marked in drawn]
    assert tags.obeys(written, scheme)
    assert [marked for _, marked in drawn] == [tags.spans(sentence) for sentence in written]


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "IOBES"])
def test_each_way_of_tagging_three_tokens_obeys_if_and_only_if_each_move_is_allowed(scheme: str) -> None:
    known = ["O", *(letter + kind for letter in LETTERS[scheme] for kind in ("-x", "-y"))]
    found = tags.moves(known, scheme)
    ways = set()
    for way in product(range(len(known)), repeat=3):
        sentence = [known[number] for number in way]
        steps = [found.first[way[0]], *(found.follow[a, b] for a, b in pairwise(way))]
        assert tags.obeys([sentence], scheme) == all([*steps, found.last[way[-1]]])
        if tags.obeys([sentence], scheme):
            # A scheme writes every set of spans in one way.
            marked = tuple(tags.spans(sentence))
            assert marked not in ways
            ways.add(marked)
