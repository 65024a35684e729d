"""data/lexicon.py: phrases with types, and where they stand in a sentence."""

import pickle
import random
from itertools import pairwise
from pathlib import Path

import pytest

from rnncli.data import lexicon
from rnncli.data.lexicon import Lexicon
from rnncli.data.packed import PackedTexts
from rnncli.errors import DataError, ModelError

PAIRS = [
    ("New York", "city"),
    ("New York Times", "paper"),
    ("York", "city"),
    ("Paris", "city"),
    ("Paris", "name"),
    ("may", "verb"),
    ("台北", "city"),
    ("Straße", "way"),
]


def read_as(made: Lexicon, *sentences: list[str]) -> list[str]:
    """What the tokens select: for each token types with the place in the phrase; "~" where capitals differ."""
    rows, ends = made.rows_of(sentences)
    texts = [f"{'~' * (row % 8 // 4)}{'SBIE'[row % 4]}-{made.words[row // 8]}" for row in rows]
    return [" ".join(texts[start:end]) for start, end in pairwise(ends)]


def test_the_longest_phrase_selects_the_rows_of_its_types() -> None:
    made = Lexicon.of(PAIRS)
    assert ["", "B-paper", "I-paper", "E-paper", ""] == read_as(made, ["the", "New", "York", "Times", "is"])
    assert ["B-city", "E-city", "S-city"] == read_as(made, ["New", "York", "York"])
    assert ["S-city S-name"] == read_as(made, ["Paris"])
    assert ["S-city"] == read_as(made, ["New York"])
    assert ["", ""] == read_as(made, ["New", "Yorks"])  # a phrase ends where a token does


def test_it_does_not_matter_how_the_text_is_cut() -> None:
    made = Lexicon.of(PAIRS)
    assert ["B-city", "E-city"] == read_as(made, ["台", "北"])
    assert ["B-city", *["I-city"] * 5, "E-city"] == read_as(made, [*"NewYork"])
    assert ["B-way", "E-way"] == read_as(made, ["Stra", "ße"])


def test_other_capitals_are_other_rows() -> None:
    made = Lexicon.of([*PAIRS, ("May", "month")])
    assert ["S-month", "S-verb", "~S-verb ~S-month"] == read_as(made, ["May", "may", "MAY"])
    assert ["~S-way"] == read_as(made, ["STRASSE"])


def test_phrases_do_not_reach_into_the_next_sentence() -> None:
    made = Lexicon.of(PAIRS)
    assert ["", "S-city"] == read_as(made, ["New"], [], ["York"])
    assert [] == read_as(made)


def test_all_phrases_of_random_sentences_are_found() -> None:
    """Compared with a search of all phrases at all places."""
    rng = random.Random(1)
    texts = {"".join(rng.choices("abA", k=rng.randint(1, 9))) for _ in range(60)}
    texts |= {"ab" * 40, "ab" * 41}  # longer than the lengths that are kept apart
    made = Lexicon.of((text, "x") for text in texts)
    keys = {text.casefold() for text in texts}
    for _ in range(300):
        tokens = ["".join(rng.choices("abA", k=rng.randint(1, 3))) for _ in range(rng.randint(1, 60))]
        tokens = rng.choice([tokens, ["ab"] * rng.randint(35, 60)])
        expected = []
        start = 0
        while start < len(tokens):
            ends = [n for n in range(start + 1, len(tokens) + 1) if "".join(tokens[start:n]).casefold() in keys]
            expected += [(start, ends[-1])] if ends else []
            start = ends[-1] if ends else start + 1
        assert expected == [(match.start, match.end) for match in made.matches(tokens)]


def test_tokens_of_one_phrase_have_one_number() -> None:
    made = Lexicon.of(PAIRS)
    rows = made.rows_of([["New", "York", "York", "x", "Paris", "New", "York", "Times"]])
    numbers = made.phrases_of(rows).tolist()
    assert numbers[0] == numbers[1] != numbers[2] != numbers[4] != numbers[5] == numbers[6] == numbers[7]


def test_a_lexicon_comes_back_from_its_lists() -> None:
    made = Lexicon.of(PAIRS)
    packed = PackedTexts("\n".join(made.phrases).encode())
    for again in (Lexicon(made.words, made.phrases), Lexicon(made.words, packed), pickle.loads(pickle.dumps(made))):
        assert made == again
        assert ["B-city", "E-city"] == read_as(again, ["New", "York"])
    assert made != Lexicon.of(PAIRS[:-1])


@pytest.mark.parametrize(
    "phrases",
    [
        ["York"],
        ["York\tplace"],
        ["York\tcity", "York\tcity"],
        ["York\tcity", "New\tcity"],
        ["\tcity"],
        ["York\tcity\tYork\tcity"],
        ["York\tcity\tYORK\tcity"],
        ["York\tcity\tParis\tcity"],
        ["York\tcity\tYork"],
        ["a" * 251 + "\tcity"],
    ],
)
def test_damaged_phrases_are_refused(phrases: list[str]) -> None:
    with pytest.raises(ModelError, match="the phrases of its lexicon are damaged"):
        Lexicon(["city"], phrases)


def test_two_lexicons_are_joined_with_the_types_of_the_first_in_front() -> None:
    first, second = (
        Lexicon.of([("York", "city"), ("May", "name")]),
        Lexicon.of([("May", "month"), ("York", "city")]),
    )
    joined = first.joined(second)
    assert ["city", "name", "month"] == joined.words
    assert ["May\tmonth\tMay\tname", "York\tcity"] == joined.phrases
    assert ["S-name S-month", "S-city"] == read_as(joined, ["May", "York"])


def test_a_file_of_phrases(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text("\ufeffNew  York\tcity\r\n\nMay\tmonth \nMay\tname\nMay\tname\n", "utf-8")
    read = lexicon.read(str(path))
    assert (["city", "month", "name"], ["May\tmonth\tMay\tname", "New York\tcity"]) == (read.words, read.phrases)
    path.write_bytes("台北\t城市\n".encode("big5"))
    assert ["台北\t城市"] == lexicon.read(str(path), "big5").phrases


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "lexicon.tsv: no phrase in this file"),
        ("\n \n", "lexicon.tsv: no phrase in this file"),
        ("York\tcity\nNew York\n", 'lexicon.tsv:2:9: expected phrase<TAB>type, found one column: "New York"'),
        ("York\tcity\tx\n", "lexicon.tsv:1:10: expected phrase<TAB>type, found more columns"),
        (" \tcity\n", "lexicon.tsv:1:1: empty phrase"),
        ("York\t\n", "lexicon.tsv:1:6: empty type"),
        ("Yo\x07rk\tcity\n", "lexicon.tsv:1:3: a control character"),
        ("a" * 251 + "\tcity\n", "lexicon.tsv:1:1: a phrase of 251 characters; 250 is the most"),
        ("".join(f"York\tcity{n}\n" for n in range(1001)), "lexicon.tsv:1001:6: more than 1,000 types"),
    ],
)
def test_what_is_no_lexicon_is_named_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text(content, "utf-8")
    with pytest.raises(DataError) as caught:
        lexicon.read(str(path))
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(message)


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_bytes("München\tcity\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"lexicon\.tsv:1:2: byte 0xfc is not UTF-8(.|\n)*--encoding"):
        lexicon.read(str(path))
