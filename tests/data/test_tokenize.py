"""data/tokenize.py: tokens and where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data import tokenize
from rnncli.data.tokenize import Token

TOKENIZERS = ["whitespace", "words", "characters"]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(text=st.text() | st.text("aé1 .-'’:\t\n\u3000台\u0301"))
def test_offsets_count_characters_of_the_text(tokenizer: str, text: str) -> None:
    tokens = tokenize.tokenize(text, tokenizer)
    assert [token.text for token in tokens] == [text[token.start : token.end] for token in tokens]
    # In order, none twice, and nothing but blanks left out.
    assert "".join(text.split()) == "".join(token.text for token in tokens)
    ends = [0, *(token.end for token in tokens)]
    assert all(end <= token.start < token.end for end, token in zip(ends, tokens, strict=False))


def test_chinese_is_cut_into_characters() -> None:
    text = "十一月二日抵達台北"
    expected = [Token(character, i, i + 1) for i, character in enumerate(text)]
    assert expected == tokenize.tokenize(text, "characters")


def test_blanks_between_characters_are_left_out_but_counted() -> None:
    expected = [Token("台", 1, 2), Token("北", 3, 4)]
    assert expected == tokenize.tokenize(" 台\u3000北\n", "characters")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("leave Taipei on November 2nd", ["leave", "Taipei", "on", "November", "2nd"]),
        ("at 10:30, or 9 o'clock.", ["at", "10:30", ",", "or", "9", "o'clock", "."]),
        ("o’clock", ["o’clock"]),
        ("well-known a/b 3.5 1,000 AT&T me@home.org", ["well-known", "a/b", "3.5", "1,000", "AT&T", "me@home.org"]),
        ("Mr. Smith", ["Mr", ".", "Smith"]),
        ("(really?!)", ["(", "really", "?", "!", ")"]),
        ("'quoted'", ["'", "quoted", "'"]),
        ("a--b a- -b", ["a", "-", "-", "b", "a", "-", "-", "b"]),
        ("10:30:15", ["10:30:15"]),
        ("$5 50%", ["$", "5", "50", "%"]),
        ("été à Zürich", ["été", "à", "Zürich"]),
        ("", []),
        (" \t\u3000\n", []),
    ],
)
def test_words_keep_single_inner_marks_and_punctuation_stands_alone(text: str, expected: list[str]) -> None:
    assert expected == [token.text for token in tokenize.tokenize(text, "words")]


def test_whitespace_keeps_punctuation_with_its_word() -> None:
    expected = [Token("at", 0, 2), Token("10:30,", 3, 9), Token("ok.", 11, 14)]
    assert expected == tokenize.tokenize("at 10:30,  ok.", "whitespace")


@pytest.mark.parametrize(
    ("expected", "tokens"),
    [
        ("characters", list("十一月二日抵達台北")),
        ("characters", [*"abcdefghijklmnopqrs", "word"]),  # 19 in 20
        ("whitespace", [*"abcdefghijklmnopqr", "#1"]),  # 18 in 19
        ("words", ["leave", "at", "10:30", ",", "o'clock"]),
        ("words", [*["word"] * 39, "<unk>"]),  # 39 in 40
        ("whitespace", [*["word"] * 38, "<unk>"]),
        ("whitespace", ["can", "n't", "'s", "-LRB-"]),
        ("whitespace", ["New York"]),
    ],
)
def test_the_tokens_of_a_corpus_name_their_tokenizer(expected: str, tokens: list[str]) -> None:
    half = len(tokens) // 2
    assert expected == tokenize.recognise([tokens[:half], tokens[half:]])


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(text=st.text("ab1é台 .'-:"))
def test_cutting_tokens_again_changes_nothing(tokenizer: str, text: str) -> None:
    once = [token.text for token in tokenize.tokenize(text, tokenizer)]
    again = [token.text for word in once for token in tokenize.tokenize(word, tokenizer)]
    assert once == again
    assert once == tokenize.cut(text, tokenizer)
