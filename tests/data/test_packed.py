"""data/packed.py: a list of texts as bytes is the list, and its index is the dictionary."""

import copy
import itertools
import json
import os
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data import packed
from rnncli.data.ngrams import Ngrams
from rnncli.data.packed import PackedNumbers, PackedTexts
from rnncli.data.tokenize import tokenizer
from rnncli.data.vocabulary import Names, Texts, Values, Vocabulary
from rnncli.errors import ModelError

# Spellings of one text, texts of one letter each, texts with blanks, other scripts, characters of four bytes.
PIECES = ["a", "b", "A", "0", "1", "é", "e\u0301", "\u00ad", "\u200b", "台", "\U0001f600", " ", "\x85", "\u2028"]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=4).map("".join), unique=True, max_size=50)


def packed_texts(texts: list[str]) -> PackedTexts:
    return PackedTexts("\n".join(texts).encode())


@pytest.fixture(params=[1, 7, 64, 2**17], autouse=True)
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many bytes are decoded together."""
    monkeypatch.setattr(packed, "_BLOCK", request.param)


def lists(count: int) -> list[str]:
    return ["word" * (i % 3) + f"{i}é" + "e\u0301" * (i % 5 == 0) for i in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 32, 33, 1_000])
def test_packed_texts_are_the_list(count: int) -> None:
    expected = lists(count)
    texts = packed_texts(expected)
    assert expected == texts and texts == expected and len(texts) == count
    assert expected == list(texts) == [texts[i] for i in range(count)]
    assert expected[::-1] == [texts[-1 - i] for i in range(count)]
    assert expected[3:20:4] == texts[3:20:4]
    assert texts == packed_texts(expected)
    for other in ([*expected, "more"], expected[:-1] if count else ["a"], [*expected[:-1], "other"]):
        assert texts != other and texts != packed_texts(other)
    with pytest.raises(IndexError):
        texts[count]
    assert texts == pickle.loads(pickle.dumps(texts))


def test_empty_texts_may_stand_anywhere() -> None:
    for expected in (["", "a"], ["a", "", "b"], ["a", ""]):
        assert (
            expected
            == list(packed_texts(expected))
            == [*map(packed_texts(expected).__getitem__, range(len(expected)))]
        )


KINDS: list[type[Any]] = [Vocabulary, Values, Names, Ngrams]


@given(listed=TEXTS.filter(lambda texts: texts != [""]), asked=TEXTS, digits=st.sampled_from(["keep", "zero"]))
def test_every_look_up_gives_what_a_dictionary_gives(listed: list[str], asked: list[str], digits: str) -> None:
    for kind in KINDS:
        expected, found = kind(listed, digits), kind(packed_texts(listed), digits)
        assert expected == found and found == expected and len(expected) == len(found)
        for text in [*listed, *asked, *map(str.upper, listed)]:
            assert expected.select(text) == found.select(text), (kind, text)
            assert expected.lists(text) == found.lists(text) == (text in listed)


def test_thousands_of_texts_have_their_numbers() -> None:
    texts = lists(3_000)
    for one in (Vocabulary(packed_texts(texts), "keep"), copy.deepcopy(Vocabulary(packed_texts(texts), "keep"))):
        assert list(range(1, 3_001)) == [one.number(text) for text in texts]
        assert [0] * 3_000 == [one.number(f"{text}x") for text in texts]


def test_a_copy_in_another_process_finds_the_same_texts() -> None:
    """Hashes of texts differ between processes."""
    code = "import pickle, sys; print([*map(pickle.load(sys.stdin.buffer).number, sys.argv[1:])])"
    texts = Vocabulary(packed_texts(["a", "b", "c"]), "keep")
    for seed in "01":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code, *"abcd"]
        child = subprocess.run(command, input=pickle.dumps(texts), capture_output=True, env=environment, check=True)
        assert [1, 2, 3, 0] == json.loads(child.stdout)


@pytest.mark.parametrize("hashes", [1, 2, 5])
def test_texts_with_equal_hashes_are_told_apart(hashes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "hash", lambda text: len(text) % hashes, raising=False)
    spellings = ["e\u0301", "a\u00ad", "é", "b", "e\u0301\u00ad", "a", "bb", "ae\u0301", "\u00ada"]
    for texts in itertools.permutations(spellings[:6], 3):
        for kind in (Vocabulary, Values):
            expected, found = kind(texts), kind(packed_texts(list(texts)))
            for text in [*spellings, "aé", "c"]:
                assert expected.select(text) == found.select(text)
    with pytest.raises(ModelError, match="names a text twice"):
        PackedNumbers(packed_texts([*spellings, "bb"]), 0)


@pytest.mark.parametrize("has_it", [False, True])
def test_thousands_of_spellings_of_one_text_are_quick_to_search(has_it: bool) -> None:
    spellings = ["a" + "".join(marks) for marks in itertools.product("\u00ad\u200b\u2060\ufeff", repeat=5)]
    texts = [*spellings, *["a"] * has_it]
    for kind in KINDS:
        expected, found = kind(texts), kind(packed_texts(texts))
        for text in ("a", spellings[0], spellings[-1], "b"):
            assert expected.select(text) == found.select(text)
    numbers = PackedNumbers(packed_texts(texts), 0)
    assert sum(map(bool, numbers._table)) == 4**5 + 1  # else each would be compared with all before it


@pytest.mark.parametrize("count", [2, 100, 2_000])
def test_a_text_twice_is_refused(count: int) -> None:
    texts = lists(count)
    for first, second in ((0, count - 1), (count - 1, 0), (count // 2, count // 2 - 1)):
        spoilt = [*texts]
        spoilt[first] = texts[second]
        with pytest.raises(ModelError, match="names a text twice"):
            PackedNumbers(packed_texts(spoilt), 0)


def test_a_text_that_is_no_token_is_refused() -> None:
    assert ["a" * 2**20, "b"] == list(packed_texts(["a" * 2**20, "b"]))
    for texts in (["a" * (2**20 + 1)], ["b", "a" * (2**20 + 1)], ["a" * (2**20 + 1), "b"]):
        with pytest.raises(ModelError, match="longer than any token"):
            packed_texts(texts)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    for data in (b"a\n\xff\nb", b"\xe5\x8f", b"\xed\xa0\x80"):
        with pytest.raises(UnicodeDecodeError):
            Texts(PackedTexts(data))


@given(
    words=TEXTS.filter(lambda texts: texts != [""]),
    text=st.lists(st.sampled_from([*PIECES, "北京", "."])).map("".join),
)
def test_a_tokenizer_with_a_long_lexicon_cuts_as_with_a_short_one(words: list[str], text: str) -> None:
    words = list(dict.fromkeys([*words, "台台", "é.", "北京", "a.a"]))
    short, long = (
        tokenizer("words+lexicon", Vocabulary(listed, "keep"), ["é."]) for listed in (words, packed_texts(words))
    )
    assert short.cut(text) == long.cut(text)
