"""data/ngrams.py: the letters of a word as features."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data.ngrams import Ngrams, features, shape


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("May", ["=Xx", "<may>", "<m", "y>", "<ma", "ay>", "may"]),
        ("a", ["=x", "<a>"]),  # a prefix is shorter than its word
        ("I", ["=X", "<i>"]),
        ("", ["=", "<>"]),
        ("to", ["=x", "<to>", "<t", "o>"]),
        ("7:45", ["=0:0", "<0:00>", "<0", "0>", "<0:", "00>", "<0:0", ":00>", "0:0", ":00"]),
        ("台北市", ["=x", "<台北市>", "<台", "市>", "<台北", "北市>", "台北市"]),
        ("二", ["=x", "<二>"]),
        (
            "U.S.",
            ["=X.X.", "<u.s.>", "<u", ".>", "<u.", "s.>", "<u.s", ".s.>", "u.s", ".s."],
        ),
    ],
)
def test_the_features_of_a_word_by_hand(token: str, expected: list[str]) -> None:
    assert expected == list(features(token))


def test_prefixes_and_suffixes_have_up_to_five_letters() -> None:
    found = list(features("Kaohsiung"))
    assert ["<k", "<ka", "<kao", "<kaoh", "<kaohs"] == [each for each in found[2:] if each.startswith("<")]
    assert ["g>", "ng>", "ung>", "iung>", "siung>"] == [each for each in found[2:] if each.endswith(">")]
    assert ["kao", "aoh", "ohs", "hsi", "siu", "iun", "ung"] == found[12:]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("NASA", "X"),
        ("McDonald's", "XxXx'x"),
        ("B-00s", "X-0x"),
        ("...", "."),
        ("00:00:00", "0:0:0"),
        ("é", "x"),
        ("台北", "x"),
        ("½", "½"),
        ("X0", "X0"),
        ("", ""),
    ],
)
def test_a_shape_tells_runs_of_kinds_of_characters(form: str, expected: str) -> None:
    assert expected == shape(form)


def test_features_that_two_words_have_are_kept() -> None:
    ngrams = Ngrams.count(["Taipei", "Taichung", "Taipei", "on"])
    # "Taipei" is there twice, and counts once; "on" shares nothing.
    assert ["=Xx", "<t", "<ta", "<tai", "tai"] == ngrams.words
    assert 5 == len(ngrams)


def test_spellings_that_differ_in_digits_are_one_word() -> None:
    assert [] == Ngrams.count(["2nd", "3nd", "2nd"]).words
    assert ["=0x", "<0", "d>"] == Ngrams.count(["2nd", "3rd"]).words


def test_digits_may_be_kept() -> None:
    assert ["=x2", "<x2>", "<x", "2>"] == list(features("x2", "keep"))
    ngrams = Ngrams.count(["x2", "y2", "x3"], digits="keep")
    assert ["=x2", "<x", "2>"] == ngrams.words
    assert [0, 1, 2] == ngrams.select("x2")
    assert [1] == ngrams.select("x3")


def test_both_spellings_of_a_letter_with_a_mark_have_the_same_features() -> None:
    assert list(features("café")) == list(features("cafe\u0301")) == list(features("ca\u00adfé"))
    assert [] == Ngrams.count(["café", "cafe\u0301"]).words  # one word


def test_a_feature_counts_once_in_a_word_that_repeats_it() -> None:
    assert [] == Ngrams.count(["lalala"]).words
    assert "lal" in Ngrams.count(["lalala", "lalas"]).words


@pytest.mark.parametrize(
    ("least", "expected"),
    [(1, ["=x", "<ab>", "<a", "b>", "<ac>", "c>"]), (2, ["=x", "<a"]), (3, [])],
)
def test_how_many_words_must_share_a_feature(least: int, expected: list[str]) -> None:
    assert expected == Ngrams.count(["ab", "ac"], least).words


def test_a_token_selects_the_features_that_are_known() -> None:
    ngrams = Ngrams(["<t", "=Xx", "ei>", "<on>", "=x", "=0x"])
    assert [1, 0, 2] == ngrams.select("Taipei")  # in the order of the word, whatever that of the list is
    assert [4, 0, 2] == ngrams.select("taipei")
    assert [4, 3] == ngrams.select("on")
    assert [5] == ngrams.select("9pm")
    assert [] == ngrams.select("?")
    assert [] == ngrams.select("")


def test_a_feature_that_a_word_has_twice_is_selected_twice() -> None:
    assert [0, 0] == Ngrams(["lal"]).select("lalal")


def test_no_feature_is_known_where_nothing_was_counted() -> None:
    empty = Ngrams.count([])
    assert ([], 0, []) == (empty.words, len(empty), empty.select("word"))


@given(st.lists(st.text(max_size=6), max_size=6), st.text(max_size=6))
def test_the_list_alone_makes_the_same_features_again(tokens: list[str], token: str) -> None:
    counted = Ngrams.count(tokens)
    assert counted.select(token) == Ngrams(counted.words).select(token)
    assert [each for each in features(token) if each in counted.words] == [
        counted.words[number] for number in counted.select(token)
    ]
