"""data/tags.py: how tags are spelled, spans by the rules of conlleval, and which tag may follow which."""

import itertools
import pickle
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval import scheme as strict
from seqeval.metrics.sequence_labeling import get_entities

from rnncli.data.tags import PLAIN, SCHEMES, SEPARATORS, Malformed, Scheme, Span
from rnncli.errors import UsageError

WITH_LETTERS = [name for name in SCHEMES if name not in ("plain", "io")]
IOB2 = Scheme("IOB2")
SPELLINGS = [
    Scheme("IOB2", separator, is_suffix, is_lower, outside)
    for separator, is_suffix, is_lower, outside in product(SEPARATORS, (False, True), (False, True), "Oo")
]


# Texts of schemes.


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("plain", PLAIN),
        ("io", Scheme("io")),
        ("io o", Scheme("io", outside="o")),
        *((name, Scheme(name)) for name in WITH_LETTERS),
        ("IOB2 B_x O", Scheme("IOB2", "_")),
        ("IOB1 x-B O", Scheme("IOB1", is_suffix=True)),
        ("IOE2 Ix O", Scheme("IOE2", "")),
        ("BILOU xB O", Scheme("BILOU", "", is_suffix=True)),
        ("IOB2 b-x o", Scheme("IOB2", is_lower=True, outside="o")),
        ("IOB2 b-x O", Scheme("IOB2", is_lower=True)),
        ("IOB2 B-x o", Scheme("IOB2", outside="o")),
        ("BMEWO x_b o", Scheme("BMEWO", "_", is_suffix=True, is_lower=True, outside="o")),
    ],
)
def test_the_text_of_a_scheme_names_it_and_its_spelling(text: str, scheme: Scheme) -> None:
    assert text == scheme.text
    assert scheme == Scheme.read(text)


def test_all_schemes_have_different_texts_and_can_be_read_from_them() -> None:
    schemes = [spelling.named(name) for spelling, name in product(SPELLINGS, WITH_LETTERS)]
    assert len(schemes) == len({scheme.text for scheme in schemes})
    assert schemes == [Scheme.read(scheme.text) for scheme in schemes]
    assert schemes == pickle.loads(pickle.dumps(schemes))


@pytest.mark.parametrize(
    "text", ["", "evil", "iob2", "IOB2 ", "IOB2 B-x O", "IOB2 b+x o", "plain O", None, 3, ["IOB2"]]
)
def test_no_other_text_is_a_scheme(text: str) -> None:
    with pytest.raises(UsageError, match="not known"):
        Scheme.read(text)


# The parts of a tag.


@pytest.mark.parametrize(
    ("scheme", "tag", "expected"),
    [
        ("IOB2", "O", ("O", "")),
        ("IOB2", "B-city", ("B", "city")),
        ("IOB2", "I-to-city", ("I", "to-city")),
        ("IOB2", "B-to_city", ("B", "to_city")),
        ("IOB2", "B-New York", ("B", "New York")),
        ("IOB2", "I-人名", ("I", "人名")),
        ("IOB2", "B", ("B", "")),
        ("IOB2", "B-", ("B", "")),
        ("IOB2", "E-x", ("E", "x")),  # conlleval reads the letters of all schemes
        ("IOB2", "S-x", ("S", "x")),
        ("IOB2", "NOUN", ("O", "")),
        ("IOB2", "O-x", ("O", "")),
        ("IOB2", "b-x", ("O", "")),
        ("IOB2", "B_x", ("O", "")),
        ("IOB2", "", ("O", "")),
        ("IOB2 B_x O", "B_to_city", ("B", "to_city")),
        ("IOB2 B_x O", "B-x", ("O", "")),
        ("IOB2 x_B O", "to_city_B", ("B", "to_city")),
        ("IOB2 x-B O", "B", ("B", "")),
        ("IOB2 x-B O", "to-I", ("I", "to")),
        ("IOB2 Bx O", "BPER", ("B", "PER")),
        ("IOB2 Bx O", "I", ("I", "")),
        ("IOB2 Bx O", "SPER", ("O", "")),  # without a separator a word may begin with any letter
        ("IOB2 Bx O", "B-PER", ("O", "")),
        ("IOB2 xB O", "PERB", ("B", "PER")),
        ("IOB2 b-x o", "b-x", ("B", "x")),
        ("IOB2 b-x o", "o", ("O", "")),
        ("IOB2 b-x o", "B-x", ("O", "")),
        ("BILOU", "L-x", ("E", "x")),
        ("BILOU", "U-x", ("S", "x")),
        ("BMES", "M-x", ("I", "x")),
        ("BMEWO", "W-x", ("S", "x")),
        ("io", "PER", ("I", "PER")),
        ("io", "B-x", ("I", "B-x")),
        ("io", "O", ("O", "")),
        ("io o", "o", ("O", "")),
        ("plain", "B-x", ("O", "")),
    ],
)
def test_a_tag_has_a_part_and_a_type(scheme: str, tag: str, expected: tuple[str, str]) -> None:
    assert expected == Scheme.read(scheme).split(tag)


def test_the_type_of_a_tag() -> None:
    assert ["x", "", None, None] == [IOB2.type_of(tag) for tag in ("I-x", "B", "O", "DT")]
    assert ["DT", "B-x", None] == [PLAIN.type_of(tag) for tag in ("DT", "B-x", "O")]
    assert ["PER", None] == [Scheme("io").type_of(tag) for tag in ("PER", "O")]


@pytest.mark.parametrize(
    ("scheme", "legal", "others"),
    [
        ("IOB2", "O B-x I-x B I", "E-x S-x o b-x BPER NN 0 B_x"),
        ("IOE1", "O E-x I-x", "B-x S-x"),
        ("BILOU", "O B-x I-x L-x U-x", "E-x S-x M-x"),
        ("BMES B_x O", "O B_x M_x E_x S_x M", "I_x B-x"),
        ("BMEWO x-b o", "o x-b x-w", "O x-s b-x"),
        ("IOB2 Bx O", "BPER I人", "B-PER B_PER LPER"),
        ("io", "O PER 0 B-x", ""),
        ("plain", "DT B-x O", ""),
    ],
)
def test_legal_tags_are_those_of_the_scheme_alone(scheme: str, legal: str, others: str) -> None:
    read = Scheme.read(scheme)
    assert [True] * len(legal.split()) == [read.is_legal(tag) for tag in legal.split()]
    assert [False] * len(others.split()) == [read.is_legal(tag) for tag in others.split()]


# Spans.


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
        # IOE1 and IOE2, worked by hand with conlleval's startOfChunk and endOfChunk.
        ("O I-x E-x O E-x", [("x", 1, 3), ("x", 4, 5)]),
        ("I-x E-x I-x E-x", [("x", 0, 2), ("x", 2, 4)]),
        ("I-x E-x E-x I-y E-y", [("x", 0, 2), ("x", 2, 3), ("y", 3, 5)]),
        ("I-x E-x I-x I-x O I-y", [("x", 0, 2), ("x", 2, 4), ("y", 5, 6)]),
        ("I-x I-y E-y", [("x", 0, 1), ("y", 1, 3)]),
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
        # O is outside, whatever is written behind it, and so is what is no tag of a scheme.
        ("B-x O-x I-x", [("x", 0, 1), ("x", 2, 3)]),
        ("B-x 0 I-x DT", [("x", 0, 1), ("x", 2, 3)]),
    ],
)
def test_spans_follow_conlleval(sentence: str, expected: list[tuple[str, int, int]]) -> None:
    for name in ("IOB1", "IOB2", "IOE1", "IOE2", "IOBES"):
        assert [Span(*span) for span in expected] == Scheme(name).spans(sentence.split())


@pytest.mark.parametrize(
    ("scheme", "sentence", "expected"),
    [
        ("BILOU", "U-x B-x I-x L-x O L-y", [("x", 0, 1), ("x", 1, 4), ("y", 5, 6)]),
        ("BMES", "S B E B M M E", [("", 0, 1), ("", 1, 3), ("", 3, 7)]),
        ("BMEWO", "W-x O B-x M-y E-y", [("x", 0, 1), ("x", 2, 3), ("y", 3, 5)]),
        ("IOB2 x-B O", "PER-B PER-I O LOC-I", [("PER", 0, 2), ("LOC", 3, 4)]),
        ("IOB2 b_x o", "b_per i_per o b_per", [("per", 0, 2), ("per", 3, 4)]),
        ("IOB2 Bx O", "BPER IPER BPER O", [("PER", 0, 2), ("PER", 2, 3)]),
        ("io", "PER PER O LOC PER", [("PER", 0, 2), ("LOC", 3, 4), ("PER", 4, 5)]),
        ("io o", "O O o", [("O", 0, 2)]),
        ("plain", "B-x I-x", []),
    ],
)
def test_spans_of_other_letters_and_spellings(
    scheme: str, sentence: str, expected: list[tuple[str, int, int]]
) -> None:
    assert [Span(*span) for span in expected] == Scheme.read(scheme).spans(sentence.split())


@pytest.mark.parametrize("prefixes", ["BI", "IE", "BIES"])
@given(data=st.data())
def test_spans_equal_those_of_seqeval(prefixes: str, data: st.DataObject) -> None:
    known = ["O", *(prefix + kind for prefix in prefixes for kind in ("-x", "-y", "-x-y", ""))]
    sentence = data.draw(st.lists(st.sampled_from(known), max_size=12))
    # seqeval counts the last token in, and writes "_" for no type.
    expected = [Span(kind.strip("_"), start, last + 1) for kind, start, last in get_entities(sentence)]
    assert expected == IOB2.spans(sentence)


TYPES = ["x", "y", "to-city", "New_York", "人名", "شخص", "ชื่อ", "a b"]


@st.composite
def sentences_with_spans(draw: st.DrawFn, types: list[str] = TYPES) -> tuple[int, list[Span]]:
    pieces = draw(st.lists(st.tuples(st.sampled_from([None, None, *types]), st.integers(1, 4)), max_size=6))
    spans, position = [], 0
    for kind, length in pieces:
        if kind is not None:
            spans.append(Span(kind, position, position + length))
        position += length
    return position, spans


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.text)
@pytest.mark.parametrize("name", WITH_LETTERS)
@settings(max_examples=10)
@given(drawn=st.lists(sentences_with_spans([*TYPES, ""]), min_size=1, max_size=4))
def test_spans_that_are_written_are_read_again(
    name: str, spelling: Scheme, drawn: list[tuple[int, list[Span]]]
) -> None:
    scheme = spelling.named(name)
    written = [scheme.write(spans, length) for length, spans in drawn]
    assert [spans for _, spans in drawn] == [scheme.spans(tags) for tags in written]
    assert all(scheme.is_legal(tag) for tags in written for tag in tags)
    assert [] == scheme.malformed(written)


@given(sentences_with_spans())
def test_io_joins_neighbours_of_one_type(drawn: tuple[int, list[Span]]) -> None:
    length, spans = drawn
    scheme = Scheme("io")
    joined: list[Span] = []
    for span in spans:
        if joined and (joined[-1].type, joined[-1].end) == (span.type, span.start):
            joined[-1] = Span(span.type, joined[-1].start, span.end)
        else:
            joined.append(span)
    assert joined == scheme.spans(scheme.write(spans, length))


# Without IOE1: seqeval sees no span in an E-x after O, the only way to write one token before another span.
@pytest.mark.parametrize("name", ["IOB1", "IOB2", "IOE2", "IOBES", "BILOU"])
@pytest.mark.parametrize("is_suffix", [False, True])
@given(drawn=sentences_with_spans(["x", "y"]))
def test_seqeval_reads_what_is_written(name: str, is_suffix: bool, drawn: tuple[int, list[Span]]) -> None:
    length, spans = drawn
    tags = Scheme(name, is_suffix=is_suffix).write(spans, length)
    (entities,) = strict.Entities([tags], getattr(strict, name), is_suffix).entities
    assert spans == [Span(entity.tag, entity.start, entity.end) for entity in entities]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("IOB1", "I-x I-x B-x O I-y I-x"),
        ("IOB2", "B-x I-x B-x O B-y B-x"),
        ("IOE1", "I-x E-x I-x O I-y I-x"),
        ("IOE2", "I-x E-x E-x O E-y E-x"),
        ("IOBES", "B-x E-x S-x O S-y S-x"),
        ("BILOU", "B-x L-x U-x O U-y U-x"),
        ("BMES x_B O", "x_B x_E x_S O y_S x_S"),
        ("BMEWO bx o", "bx ex wx o wy wx"),
        ("io", "x x x O y x"),
    ],
)
def test_the_tags_of_spans(scheme: str, expected: str) -> None:
    spans = [Span("x", 0, 2), Span("x", 2, 3), Span("y", 4, 5), Span("x", 5, 6)]
    assert expected.split() == Scheme.read(scheme).write(spans, 6)


@pytest.mark.parametrize(
    "spans",
    [[Span("x", 0, 2), Span("x", 1, 3)], [Span("x", 2, 3), Span("x", 0, 1)], [Span("x", 2, 5)], [Span("x", 1, 1)]],
)
def test_spans_that_no_tags_can_mark_are_refused(spans: list[Span]) -> None:
    with pytest.raises(UsageError, match="overlap"):
        IOB2.write(spans, 4)
    with pytest.raises(UsageError, match="plain tags cannot mark spans"):
        PLAIN.write([], 4)


# Moves. May the second tag follow the first? One function a scheme, written as its definition is; None is the edge
# of a sentence.
def _iob2(before: str | None, after: str | None) -> bool:
    if after is None or after[0] != "I":
        return True
    return before in (f"B{after[1:]}", f"I{after[1:]}")


def _iob1(before: str | None, after: str | None) -> bool:
    if after is None or after[0] != "B":
        return True
    return before in (f"B{after[1:]}", f"I{after[1:]}")


def _ioe2(before: str | None, after: str | None) -> bool:
    if before is None or before[0] != "I":
        return True
    return after in (f"I{before[1:]}", f"E{before[1:]}")


def _ioe1(before: str | None, after: str | None) -> bool:
    if before is None or before[0] != "E":
        return True
    return after in (f"I{before[1:]}", f"E{before[1:]}")


def _iobes(before: str | None, after: str | None) -> bool:
    if before is not None and before[0] in "BI":
        return after in (f"I{before[1:]}", f"E{before[1:]}")
    return after is None or after[0] in "OBS"


FOLLOWS: dict[str, Callable[[str | None, str | None], bool]] = {
    "plain": lambda before, after: True,
    "io": lambda before, after: True,
    "IOB1": _iob1,
    "IOB2": _iob2,
    "IOE1": _ioe1,
    "IOE2": _ioe2,
    "IOBES": _iobes,
}
LETTERS = {"plain": "BIES", "io": "BIES", "IOB1": "BI", "IOB2": "BI", "IOE1": "IE", "IOE2": "IE", "IOBES": "BIES"}
OTHER_LETTERS = {"BILOU": "BILU", "BMES": "BMES", "BMEWO": "BMEW"}


@pytest.mark.parametrize("name", FOLLOWS)
def test_moves_are_those_of_the_definition(name: str) -> None:
    known = ["O", *(letter + kind for letter in LETTERS[name] for kind in ("-x", "-y", "-x-y", ""))]
    may = FOLLOWS[name]
    moves = Scheme(name).moves(known)
    assert [may(None, tag) for tag in known] == moves.first.tolist()
    assert [[may(before, after) for after in known] for before in known] == moves.follow.tolist()
    assert [may(tag, None) for tag in known] == moves.last.tolist()
    assert {np.dtype(bool)} == {part.dtype for part in (moves.first, moves.follow, moves.last)}


@pytest.mark.parametrize("name", OTHER_LETTERS)
def test_moves_of_other_letters_are_those_of_iobes(name: str) -> None:
    scheme = Scheme(name, "_", is_suffix=True, is_lower=True, outside="o")
    kinds = ("x", "y", "x-y")
    usual = ["O", *(f"{letter}-{kind}" for letter in "BIES" for kind in kinds)]
    other = ["o", *(f"{kind}_{letter}" for letter in OTHER_LETTERS[name].lower() for kind in kinds)]
    expected, actual = Scheme("IOBES").moves(usual), scheme.moves(other)
    assert expected.first.tolist() == actual.first.tolist()
    assert expected.follow.tolist() == actual.follow.tolist()
    assert expected.last.tolist() == actual.last.tolist()


@pytest.mark.parametrize(
    ("name", "allowed", "forbidden"),
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
            "IOE2",
            ["I-x E-x", "E-x E-x O E-y", "E-x I-y E-y", "I E"],
            ["I-x", "I-x O", "I-x I-y E-y", "I-x E-y", "I E-x"],
        ),
        ("IOE1", ["I-x I-x", "I-x E-x E-x I-x O", "E-x I-x I-y"], ["E-x", "E-x O", "I-x E-x I-y", "E-x E-y I-y"]),
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
        ("io", ["x x O", "I-x", "B-x"], []),
    ],
)
def test_malformed_tags_are_told_from_well_formed_ones(name: str, allowed: list[str], forbidden: list[str]) -> None:
    scheme = Scheme(name)
    good = [sentence.split() for sentence in allowed]
    assert [] == scheme.malformed(good)
    for sentence in forbidden:
        assert scheme.malformed([sentence.split()]), sentence
        assert scheme.malformed([*good, sentence.split(), *good]), sentence


def test_malformed_moves_are_listed_in_order() -> None:
    tags = [["O", "I-x", "I-x"], ["B-x", "O"], ["I-y", "O", "I-x"]]
    expected = [Malformed(0, 1, "O", "I-x"), Malformed(2, 0, "O", "I-y"), Malformed(2, 2, "O", "I-x")]
    assert expected == IOB2.malformed(tags)
    assert [Malformed(0, 2, "B-x", "O")] == Scheme("IOBES").malformed([["S-x", "B-x"]])


@pytest.mark.parametrize("name", SCHEMES)
def test_no_sentences_are_well_formed_and_no_tags_have_no_moves(name: str) -> None:
    scheme = Scheme(name)
    assert [] == scheme.malformed([]) == scheme.malformed([[], []])
    moves = scheme.moves([])
    assert [(0,), (0, 0), (0,)] == [part.shape for part in (moves.first, moves.follow, moves.last)]


@pytest.mark.parametrize("name", ["IOB1", "IOB2", "IOE1", "IOE2", "IOBES"])
def test_three_tokens_are_well_formed_if_and_only_if_each_move_is_allowed(name: str) -> None:
    scheme = Scheme(name)
    known = ["O", *(letter + kind for letter in LETTERS[name] for kind in ("-x", "-y"))]
    moves = scheme.moves(known)
    read: dict[tuple[Span, ...], list[str]] = {}
    for numbers in product(range(len(known)), repeat=3):
        tags = [known[number] for number in numbers]
        steps = [
            moves.first[numbers[0]],
            *(moves.follow[a, b] for a, b in pairwise(numbers)),
            moves.last[numbers[2]],
        ]
        is_well_formed = not scheme.malformed([tags])
        assert is_well_formed == all(steps)
        if is_well_formed:
            # A scheme writes every set of spans in one way, and that is the way in which it is written here.
            spans = tuple(scheme.spans(tags))
            assert spans not in read
            read[spans] = tags
            assert tags == scheme.write(spans, 3)
    # So many ways there are to put spans of two types into three tokens.
    assert len(list(_ways(3))) == len(read)


def _ways(tokens: int) -> list[tuple[Span, ...]]:
    """All sets of spans of the types x and y in so many tokens."""
    if not tokens:
        return [()]
    ways = list(_ways(tokens - 1))  # the last token is outside
    for length in range(1, tokens + 1):
        last = [Span(kind, tokens - length, tokens) for kind in "xy"]
        ways += [(*before, span) for before, span in itertools.product(_ways(tokens - length), last)]
    return ways
