"""Repeated sentences, sentences that are labelled differently, and tokens with several tags in equal context."""

from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from rnncli.data.repetition import CONTEXT, Ambiguous, Labelling, Position, Relabelled, Repetition, Use, differences
from rnncli.data.sentence import Sentence


def sentences(*texts: str) -> list[Sentence]:
    """Sentences of "token/tag token/tag"."""
    made = []
    for text in texts:
        pairs = [pair.split("/") for pair in text.split()]
        made.append(Sentence([token for token, _ in pairs], [tag for _, tag in pairs], [()] * len(pairs), 1))
    return made


def test_sentences_are_counted_within_a_file_and_across_files() -> None:
    train = sentences("a/O b/O", "c/O", "a/O b/O", "a/O b/X", "b/O a/O")
    dev = sentences("c/O", "c/O", "d/O", "a/X b/X")
    repetition = Repetition([train, dev])
    assert [2, 1] == repetition.repeated
    assert [5, 3] == repetition.shared


def test_a_sentence_that_is_labelled_differently_is_found_with_all_its_labellings() -> None:
    train = sentences("a/O b/O", "x/O", "a/O b/X", "a/O b/X")
    dev = sentences("a/O b/X", "y/O", "a/Y b/O")
    expected = Relabelled(
        ["a", "b"],
        [
            Labelling(["O", "X"], 3, Position(0, 2)),
            Labelling(["O", "O"], 1, Position(0, 0)),
            Labelling(["Y", "O"], 1, Position(1, 2)),
        ],
    )
    assert [expected] == Repetition([train, dev]).relabelled()
    assert [0, 1] == list(differences(["O", "X"], ["Y", "O"]))


def test_a_token_with_two_tags_between_the_same_neighbours_is_found() -> None:
    train = sentences("we/O fly/O to/O new/B york/I now/O", "they/O fly/O to/O new/O york/I now/O then/O")
    expected = Ambiguous(
        "new", ["fly", "to"], ["york", "now"], [Use("B", 1, Position(0, 0), 3), Use("O", 1, Position(0, 1), 3)]
    )
    assert [expected] == Repetition([train]).ambiguous()


def test_other_neighbours_are_another_context() -> None:
    train = sentences(
        "a/O b/O c/X d/O e/O", "a/O b/O c/Y d/O f/O", "z/O b/O c/Z d/O e/O", "b/O c/V d/O e/O", "a/O b/O c/W d/O"
    )
    assert [] == Repetition([train]).ambiguous()


def test_a_repeated_sentence_counts_once_among_contexts() -> None:
    assert [] == Repetition([sentences("a/O b/X", "a/O b/Y")]).ambiguous()


def test_what_outweighs_most_comes_first() -> None:
    often = [f"w{i}/O to/O new/B york/I" for i in range(9)] + ["w9/O to/O new/O york/I"]
    once = ["v1/O in/O old/B york/I", "v2/O in/O old/O york/I"]
    uses = [
        [use.times for use in ambiguous.uses] for ambiguous in Repetition([sentences(*once, *often)]).ambiguous()
    ]
    # The windows of two tokens before "new" differ, those of "york" do not.
    assert [] == uses
    often = [text.replace("/O to", "/O now/O to") for text in often]
    once = [text.replace("/O in", "/O now/O in") for text in once]
    uses = [
        [use.times for use in ambiguous.uses] for ambiguous in Repetition([sentences(*once, *often)]).ambiguous()
    ]
    assert [[9, 1], [1, 1]] == uses


WORDS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("OX")), min_size=1, max_size=4)


@given(st.lists(WORDS, min_size=1, max_size=12))
def test_contexts_and_sentences_are_those_of_a_plain_count(drawn: list[list[tuple[str, str]]]) -> None:
    corpus = [Sentence([w for w, _ in rows], [t for _, t in rows], [()] * len(rows), 1) for rows in drawn]
    labellings: dict[tuple[str, ...], Counter[tuple[str, ...]]] = defaultdict(Counter)
    contexts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for sentence in corpus:
        tokens = tuple(sentence.tokens)
        if tokens not in labellings:
            padded = ["<"] * CONTEXT + sentence.tokens + [">"] * CONTEXT
            for i, tag in enumerate(sentence.tags):
                contexts[tuple(padded[i : i + 2 * CONTEXT + 1])][tag] += 1
        labellings[tokens][tuple(sentence.tags)] += 1
    repetition = Repetition([corpus])
    assert [len(corpus) - len(labellings)] == repetition.repeated
    several = {tokens: counts for tokens, counts in labellings.items() if len(counts) > 1}
    assert several == {
        tuple(sentence.tokens): Counter({tuple(way.tags): way.times for way in sentence.labellings})
        for sentence in repetition.relabelled()
    }
    expected = sorted(sorted(counts.items()) for counts in contexts.values() if len(counts) > 1)
    assert expected == sorted(sorted((use.tag, use.times) for use in a.uses) for a in repetition.ambiguous())
