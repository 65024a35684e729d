"""What cannot be right in a labelled file, beyond the small files of tests/files: large ones, and near misses."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from rnncli.data import plausibility
from rnncli.data.formats.format import Names
from rnncli.data.formats.text import looks_labelled, looks_like_text
from rnncli.data.reading import Corpus, read
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError

Rows = Sequence[tuple[str, ...]]  # the columns of each token of a sentence
Change = Callable[[list[Rows]], list[Rows]]


def corpus(sentences: Iterable[Rows]) -> Corpus:
    """A file of these columns: token first, tag last."""
    made = []
    line = 1
    width = 0
    for rows in sentences:
        width = len(rows[0])
        columns = [row[1:-1] for row in rows]
        made.append(Sentence([row[0] for row in rows], [row[-1] for row in rows], columns, line))
        line += len(rows) + 1
    names = Names([str(i + 2) for i in range(width - 2)], [""] * width)
    return Corpus("some.tsv", made, names=names)


def refused(sentences: Iterable[Rows]) -> list[str]:
    """The messages of what is refused."""
    problems = plausibility.problems(corpus(sentences), for_training=True)
    return [problem.message for problem in problems if problem.is_refused]


@pytest.fixture(scope="module")
def booking(booking_tsv: Path) -> list[Rows]:
    return [list(zip(s.tokens, s.tags, strict=True)) for s in read(str(booking_tsv)).sentences]


def numbered(sentences: list[Rows]) -> list[Rows]:
    return [[(str(i), *row) for i, row in enumerate(rows, 1)] for rows in sentences]


def numbered_from_zero(sentences: list[Rows]) -> list[Rows]:
    return [[(str(i), *row) for i, row in enumerate(rows)] for rows in sentences]


def numbered_in_all(sentences: list[Rows]) -> list[Rows]:
    number = iter(range(10_000))
    return [[(str(next(number)), *row) for row in rows] for rows in sentences]


def with_ranges(sentences: list[Rows]) -> list[Rows]:
    """As in CoNLL-U, where a word of two tokens has a line of its own."""
    return [[("1-2", "don't", "_"), *rows] if i % 9 == 0 else rows for i, rows in enumerate(numbered(sentences))]


@pytest.mark.parametrize("change", [numbered, numbered_from_zero, numbered_in_all, with_ranges])
def test_a_column_of_numbers_is_no_token(booking: list[Rows], change: Change) -> None:
    changed = change(booking)
    assert [f'the token column counts, from "{changed[0][0][0]}" on'] == refused(changed)


def test_a_number_of_the_sentence_is_no_token(booking: list[Rows]) -> None:
    changed = [[(f"{number}", *row) for row in rows] for number, rows in enumerate(booking, 1)]
    assert ['the token column holds the number of the sentence, from "1" on'] == refused(changed)
    # The same without blank lines, which is one sentence.
    joined = [row for rows in changed for row in rows]
    assert refused([joined])[0] == 'the token column holds the number of the sentence, from "1" on'


def test_tags_in_the_token_column_are_refused_even_if_they_are_plain(booking: list[Rows]) -> None:
    assert refused([[(tag, token) for token, tag in rows] for rows in booking])
    plain = [[(f"k{len(token) % 4}", f"{token}{i % 3}") for token, _ in rows] for i, rows in enumerate(booking)]
    assert refused(plain)[0].startswith('the token column holds the tags: "k1"')


def test_free_text_in_the_tag_column_is_refused(booking: list[Rows]) -> None:
    varied = [[(f"{token}{i}", tag) for token, tag in rows] for i, rows in enumerate(booking)]
    glosses = [[(token, tag, f"gloss of {token}") for token, tag in rows] for rows in varied]
    message = refused(glosses)[0]
    assert message.startswith(("almost as many tags as words: ", "almost as many tags as tokens: "))
    lemmas = [[(token, tag, token.lower()) for token, tag in rows] for rows in booking]
    assert 'the tags are mostly the tokens themselves or their lemmas: "leave"' in refused(lemmas)
    heads = [[(token, tag, str((i + 2) % len(rows))) for i, (token, tag) in enumerate(rows)] for rows in booking]
    assert ["the tags are numbers of tokens, as the heads of a dependency tree"] == refused(heads)


def test_missing_blank_lines_are_refused(booking: list[Rows]) -> None:
    joined = [row for rows in booking * 20 for row in rows]
    message = f"one sentence of {len(joined):,} tokens; are the blank lines between sentences missing?"
    assert [message] == refused([joined])
    assert ["2 sentences with 8,000 tokens; are the blank lines between sentences missing?"] == refused(
        [(joined * 10)[:4_000]] * 2
    )
    ended = [(".", "O") if i % 20 == 19 else row for i, row in enumerate(joined[:600])]
    message = "a sentence of 600 tokens with full stops inside; is there a blank line missing?"
    assert [message] == refused([*booking[:4], ended])


def test_a_long_sentence_among_long_ones_is_no_problem(booking: list[Rows]) -> None:
    joined = [
        (".", "O") if i % 20 == 19 else row for i, row in enumerate([row for rows in booking * 9 for row in rows])
    ]
    assert [] == plausibility.problems(corpus([*([joined[:150]] * 10), joined[:500]]))
    # Among short ones it is, and a small part of the file is no reason to refuse it.
    (problem,) = plausibility.problems(corpus([*booking * 5, joined[:500]]))
    assert not problem.is_refused
    assert "is there a blank line missing?" in problem.message


@pytest.mark.parametrize("name", ["jsonl", "json", "doccano"])
def test_a_text_of_many_sentences_is_read_where_no_blank_line_ends_one(booking: list[Rows], name: str) -> None:
    joined = corpus([[row for rows in booking * 20 for row in rows]])
    assert [] == plausibility.problems(joined._replace(format=name), for_training=True)


def test_a_header_among_the_lines_is_refused_with_its_line(booking: list[Rows]) -> None:
    changed = [*booking[:3], [("WORD", "NER_tag"), *booking[3]], *booking[4:]]
    with pytest.raises(DataError) as caught:
        plausibility.refuse("some.tsv", plausibility.problems(corpus(changed)))
    line = sum(len(rows) + 1 for rows in booking[:3]) + 1
    assert f'some.tsv:{line}: this line names the columns: "WORD NER_tag"' == caught.value.message


def letters(sentences: list[Rows]) -> list[Rows]:
    return [
        [
            (letter, tag if i == 0 else tag.replace("B-", "I-"))
            for token, tag in rows
            for i, letter in enumerate(token)
        ]
        for rows in sentences
    ]


def with_many_tags(sentences: list[Rows]) -> list[Rows]:
    """As many tags as parts of speech with all features may have."""
    return [
        [(f"{token}{i % 9}", f"{tag}|{token[0]}") for token, tag in rows] for i, rows in enumerate(sentences * 9)
    ]


NEAR_MISSES: dict[str, Change] = {
    "the corpus itself": lambda sentences: sentences,
    "one sentence": lambda sentences: sentences[:1],
    "two sentences": lambda sentences: sentences[:2],
    "letters as tokens": letters,
    "letters of two sentences": lambda sentences: letters(sentences[:2]),
    "many tags": with_many_tags,
    "numbers as tokens": lambda sentences: [[(str(len(token)), tag) for token, tag in rows] for rows in sentences],
    "a long sentence of many": lambda sentences: [
        *sentences,
        [row for rows in sentences[:24] * 4 for row in rows],
    ],
    "a sentence of 150 tokens": lambda sentences: [[row for rows in sentences for row in rows][:150]],
    "tags as words": lambda sentences: [[(token, tag) for token, tag in rows] + [("O", "O")] for rows in sentences],
    "numbers as tags": lambda sentences: [
        [(token, str(len(tag) % 3)) for token, tag in rows] for rows in sentences
    ],
    "a zero in every sentence": lambda sentences: [
        [(token, "01"[i > 0]) for i, (token, _) in enumerate(rows)] for rows in sentences
    ],
    "letters and their sounds": lambda sentences: [
        [
            (letter, f"{letter}{(i + ord(letter)) % 4}")
            for token, _ in rows
            for i, letter in enumerate(token.lower())
        ]
        for rows in sentences * 4
    ],
    "many tags in one sentence": lambda _: [
        [("the", "DT"), ("red", "JJ"), ("cat", "NN"), ("is", "VBZ"), ("seen", "VBN"), ("in", "IN"), ("Oslo", "NNP")]
    ],
    "two letters as tokens": lambda sentences: [
        [("AB"[len(token) % 2], tag) for token, tag in rows] for rows in sentences
    ],
}


@pytest.mark.parametrize("change", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_what_is_only_unusual_is_read(booking: list[Rows], change: Change) -> None:
    assert [] == refused(change(booking))


def test_one_tag_is_refused_where_it_stands_for_nothing_and_else_noted(booking: list[Rows]) -> None:
    message = 'all tags are "_", so there is nothing to learn'
    assert [message] == refused([[(token, "_") for token, _ in rows] for rows in booking])
    outside = corpus([[(token, "O") for token, _ in rows] for rows in booking])
    assert [False] == [problem.is_refused for problem in plausibility.problems(outside, for_training=True)]
    assert [] == plausibility.problems(outside)
    # A column of tags beside it was probably meant.
    assert refused([[(token, tag, "O") for token, tag in rows] for rows in booking])


def test_force_logs_what_it_does_not_refuse(booking: list[Rows], caplog: pytest.LogCaptureFixture) -> None:
    problems = plausibility.problems(corpus(numbered(booking)))
    with caplog.at_level("INFO", "rnncli"):
        plausibility.refuse("some.tsv", problems, force=True)
    assert ['warning: some.tsv:1: the token column counts, from "1" on'] == caplog.messages


LABELLED = ["The DT", "cat NN", "sleeps VB", "", "A DT", "dog NN", "barks VB", "", "Look VB", "!  ."]
TEXTS = {
    "requests": ["leave Taipei on Monday", "thanks", "a flight to Oslo please"] * 4,
    "names": ["Mara Berg", "Anna Olsen", "Jon Hansen", "Eva Lund"] * 4,
    "two words": ["come in", "go out", "sit down", "stand up"] * 4,
    "a word": ["Taipei", "Oslo", "Bergen", "Tainan"] * 4,
    "few lines": LABELLED[:4],
}


def test_lines_of_tokens_and_tags_are_no_texts() -> None:
    assert looks_labelled(LABELLED)
    assert looks_labelled([*(f"{word} _ {'BI'[word > 'd']}-NP" for word in "abcdefgh"), ""])
    assert looks_labelled([*(f"{word}\tNOUN\tO" for word in "abcdefgh"), "", "i\tNOUN\tB-x"])


@pytest.mark.parametrize("lines", TEXTS.values(), ids=TEXTS)
def test_lines_of_text_are_texts(lines: list[str]) -> None:
    assert not looks_labelled(lines)


def test_texts_hold_no_labels() -> None:
    assert looks_like_text(TEXTS["requests"], is_divided=False)
    assert not looks_like_text(LABELLED, is_divided=False)
    assert not looks_like_text(["leave\tO", "New York\tB-city", "the big city\tO"], is_divided=False)
    assert not looks_like_text(["Taipei", "Oslo"], is_divided=False)  # a token without a tag is another fault
    assert looks_like_text(["word " * 150] * 2, is_divided=True)
    assert not looks_like_text(["Oslo NNP B-city x", "is VBZ O", "big JJ O x y"], is_divided=True)
