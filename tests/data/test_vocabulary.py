"""data/vocabulary.py: words and their numbers."""

import numpy as np
import pytest

from rnncli.data.spelling import composed, forms, normal_form
from rnncli.data.vocabulary import UNKNOWN, Names, Values, Vocabulary

DECOMPOSED = "cafe\u0301"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("Taipei", "Taipei"),
        ("10:30", "00:00"),
        ("2nd", "0nd"),
        ("B-52s", "B-00s"),
        ("٣月", "0月"),  # Arabic-Indic three
        ("十一", "十一"),  # numbers, but not digits
        ("½", "½"),
        (f"{DECOMPOSED}1", "café0"),
        ("", ""),
    ],
)
def test_every_digit_is_zero_in_the_form_that_is_looked_up(token: str, expected: str) -> None:
    assert expected == normal_form(token)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Taipei", "Taipei"),
        (DECOMPOSED, "café"),
        ("\u1112\u1161\u11ab", "한"),
        ("\u212bngström", "Ångström"),
        ("q\u0307\u0323", "q\u0323\u0307"),  # marks in their order
        ("ﬁ ²", "ﬁ ²"),  # what looks different stays different
        ("co\u00adope\u2060ra\ufeffte\u200b", "cooperate"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200b", "\u200b"),  # nothing else would be left
        ("\ud800", "\ud800"),
    ],
)
def test_what_looks_the_same_is_one_text(text: str, expected: str) -> None:
    assert expected == composed(text)
    assert expected == normal_form(text, "keep") == forms(text)[0]


def test_both_spellings_of_a_letter_with_a_mark_are_one_word() -> None:
    assert ["café"] == Vocabulary.count([DECOMPOSED, "café"]).words
    assert [0, 2] == Vocabulary.count([DECOMPOSED, "café"]).counts.tolist()
    for spelling in (DECOMPOSED, "café", DECOMPOSED.upper(), "CAFÉ", "ca\u00adfé"):
        assert 1 == Vocabulary.count([DECOMPOSED]).number(spelling)
        assert [0] == Names(["café"]).select(spelling)
    assert Values(["café"]) == Values.count([DECOMPOSED, "café"])
    assert [0] == Values(["café"]).select(DECOMPOSED)
    assert [] == Values(["café"]).select(DECOMPOSED.upper())


@pytest.mark.parametrize("kind", [Vocabulary, Names, Values])
def test_a_list_of_an_earlier_version_may_hold_letters_and_marks_apart(
    kind: type[Vocabulary | Names | Values],
) -> None:
    texts = kind([DECOMPOSED, "on"])
    assert [DECOMPOSED, "on"] == texts.words
    assert [texts.first] == texts.select(DECOMPOSED) == texts.select("café")
    both = kind([DECOMPOSED, "café"])
    assert [both.first + 1] == both.select(DECOMPOSED) == both.select("café")


def test_digits_may_be_kept() -> None:
    vocabulary = Vocabulary.count(["s1", "s2", "S1", "s1"], "keep")
    assert ["s1", "s2", "S1"] == vocabulary.words
    assert [1, 2, 3, UNKNOWN, 2] == [vocabulary.number(word) for word in ("s1", "s2", "S1", "s3", "S2")]
    assert ("S1", "s1") == forms("S1", "keep")
    names = Names(["s0", "s1"], "keep")
    assert ([1], [0], []) == (names.select("S1"), names.select("s0"), names.select("s2"))
    assert Vocabulary(["a"], "keep") != Vocabulary(["a"], "zero")


def test_words_are_numbered_from_one_in_order_of_appearance() -> None:
    vocabulary = Vocabulary.count(["to", "Taipei", "to", "on", "2nd", "3rd", "4nd"])
    assert ["to", "Taipei", "on", "0nd", "0rd"] == vocabulary.words
    assert 6 == len(vocabulary)
    # "0nd" was seen twice, in two spellings; of the unknown word training shows nothing.
    assert [0, 2, 1, 1, 2, 1] == vocabulary.counts.tolist()


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("the", 1),
        ("The", 1),
        ("THE", 1),
        ("Taipei", 2),
        ("taipei", UNKNOWN),  # lower case stands in for upper, not upper for lower
        ("TAIPEI", UNKNOWN),
        ("10:30", 3),
        ("23:59", 3),
        ("1:30", UNKNOWN),
        ("5pm", 4),
        ("7PM", 4),
        ("May", 5),  # as written before lower-cased
        ("may", 6),
        ("MAY", 6),
        ("", UNKNOWN),
        ("never", UNKNOWN),
    ],
)
def test_a_token_is_looked_up_as_written_then_lower_cased(token: str, expected: int) -> None:
    vocabulary = Vocabulary.count(["the", "Taipei", "11:45", "6pm", "May", "may"])
    assert expected == vocabulary.number(token)
    assert [expected] == vocabulary.select(token)


def test_a_vocabulary_without_words_knows_the_unknown_word_alone() -> None:
    vocabulary = Vocabulary.count([])
    assert (1, UNKNOWN, [0]) == (len(vocabulary), vocabulary.number("word"), vocabulary.counts.tolist())


def test_a_vocabulary_from_a_model_file_was_counted_elsewhere() -> None:
    vocabulary = Vocabulary(["a", "b"])
    assert np.array_equal(np.zeros(3, np.int64), vocabulary.counts)
    assert [1, 2] == [vocabulary.number(word) for word in "ab"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("May", ("May", "may")),
        ("may", ("may",)),
        ("10:30", ("10:30", "00:00")),
        ("2ND", ("2ND", "0ND", "2nd", "0nd")),
        ("", ("",)),
    ],
)
def test_a_token_is_looked_up_as_written_then_with_zeros_then_lower_cased(
    token: str, expected: tuple[str, ...]
) -> None:
    assert expected == forms(token)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("May", [0]),
        ("MAY", [1]),
        ("may", [1]),
        ("mAy", [1]),
        ("1984", [3]),  # as written before the form with zeros
        ("1985", [2]),
        ("2ND", [4]),
        ("never", []),
        ("", []),
    ],
)
def test_a_name_is_found_under_its_best_spelling_or_not_at_all(token: str, expected: list[int]) -> None:
    names = Names(["May", "may", "0000", "1984", "0nd"])
    assert expected == names.select(token)


def test_names_have_no_unknown_word() -> None:
    assert (2, ["b", "a"]) == (len(Names(["b", "a"])), Names(["b", "a"]).words)
    assert (0, []) == (len(Names([])), Names([]).select("a"))
