"""data/tokenizer_choice.py: the tokenizer that cuts texts as the training data is cut."""

import pytest

from rnncli.data.tokenizer_choice import Choice, choose, share, typed

EVERY = 2_000  # sentences that are compared

Sentences = list[tuple[str | None, list[str]]]


def of(*texts: str) -> Sentences:
    """Sentences whose texts are not known; tokens are joined by a blank."""
    return [(None, text.split(" ")) for text in texts]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("leave Taipei , at 10:30 .", "leave Taipei, at 10:30."),
        ("( I do n't , ca n’t ) !", "(I don't, can’t)!"),
        ("what 's John 's ?", "what's John's?"),
        ('he said " go " and " stay " .', 'he said "go" and "stay".'),
        ("he said `` go '' .", "he said ``go''."),
        ("$ 3.50 or 50 % ...", "$3.50 or 50%..."),
        ("well - known and / or - -", "well-known and/or - -"),
        ("a -- b", "a -- b"),
        ("l' homme d' un", "l'homme d'un"),
        ("我 爱 北京 和 iPhone 手机 。 OK", "我爱北京和iPhone手机。OK"),
        ("ที่ นี่", "ที่นี่"),
        ("New York", "New York"),
        ("", ""),
    ],
)
def test_a_sentence_is_typed_as_people_do(tokens: str, expected: str) -> None:
    assert expected == typed(tokens.split(" ") if tokens else [])


def test_a_sentence_of_characters_is_typed_without_blanks() -> None:
    assert "我爱iOS 9。" == typed(["我", "爱", "iOS", "9", "。"], joint="")
    assert "iPhone" == typed(list("iPhone"), joint="")


CORPORA = {
    "words": of("leave Taipei , on May 2nd .", "arrive at 10:30 ?", "I don't know O'Hare"),
    "words+contractions": of("I do n't know .", "what 's that ?", "Mary 's e-mail"),
    "words+elisions": of("l' homme d' abord", "c' est vrai ."),
    "words+compounds": of("a well - known man", "and / or", "don't"),
    "words+amounts": of("it costs $3.50 .", "50% of -5"),
    "words+characters": of(*["我 爱 北 京 和 iPhone 手 机", "十 一 月 2 日 抵 达 。"] * 3),
    "words+lexicon": of(*["Mr. Smith is here .", "the Corp. is big .", "Mr. Corp. , is it ?"] * 3),
    "words+contractions+compounds": of("do n't be well - known", "it 's and / or"),
    "words+contractions+lexicon": of(*["Mr. Smith does n't .", "it 's Corp. time", "Mr. Corp. , is n't it ?"] * 3),
    "characters": of(*["我 爱 i O S", "十 一 月 1 2 日"] * 3),
    "whitespace": of("hello, world", "leave Taipei, now."),
}


@pytest.mark.parametrize(("expected", "sentences"), CORPORA.items(), ids=CORPORA)
def test_the_tokens_of_a_corpus_name_their_tokenizer(expected: str, sentences: Sentences) -> None:
    assert Choice(expected, 1.0) == choose(sentences)


def test_the_text_of_a_sentence_counts_where_it_is_known() -> None:
    assert "words+compounds" == choose([("a well-known man", ["a", "well", "-", "known", "man"])]).name
    assert "words" == choose([("a well - known man", ["a", "well", "-", "known", "man"])]).name
    assert Choice("whitespace", 1.0) == choose([("don't. go", ["don't.", "go"])])
    assert Choice("words+characters", 1.0) == choose([("我 爱", ["我", "爱"]), ("北京", ["北", "京"])])


def test_of_equal_tokenizers_the_one_with_fewer_parts_is_chosen() -> None:
    assert Choice("words", 1.0) == choose(of("leave Taipei on May 2nd"))
    assert Choice("words", 0.0) == choose([(None, ["New York"])])
    assert Choice("words", 0.5) == choose([(None, ["New York"]), (None, ["leave"])])
    assert "words" == choose([]).name


def test_of_equal_shares_the_one_with_more_right_tokens_is_chosen() -> None:
    assert Choice("words+contractions", 0.0) == choose([(None, ["do", "n't", "see", "New York"])])


def test_a_few_longer_tokens_do_not_change_the_tokenizer_of_chinese() -> None:
    sentences = of(*["我 爱 北 京 。", "他 在 台 北 。"] * 20, "和 iPhone 15 Pro 手 机", "北京 我")
    assert Choice("words+characters", 41 / 42) == choose(sentences)


def test_segmented_chinese_is_cut_into_the_words_of_training() -> None:
    sentences = of(*["我 爱 北京", "他 去 手机 店", "北京 手机", "我 去 北京 。"] * 4)
    assert Choice("words+lexicon", 1.0) == choose(sentences)
    assert 0.0 == share(sentences, "words")


def test_known_words_are_those_of_the_other_half_of_the_sentences() -> None:
    # A word that only one sentence has is unknown where that sentence is cut.
    assert 0.5 == share(of("我 爱 北京", "我 爱 手机", "我 爱 他 。", "他 。"), "words+lexicon")


def test_words_that_are_mostly_cut_stay_cut_in_the_share_too() -> None:
    # Each half has "its." once beside twice "its" and ".", so it is not joined.
    sentences = of(*["its ."] * 4, "its. time", "its. here")
    assert 4 / 6 == share(sentences, "words+lexicon")


def test_a_share_is_that_of_the_sentences_that_come_back_whole() -> None:
    sentences = of("leave Taipei .", "Mr. Smith .", "leave Mr. Smith", "leave")
    assert 0.5 == share(sentences, "words")
    assert 0.0 == share([], "words")
    assert 1.0 == share([(None, []), (None, ["leave"])], "words")


def test_of_many_sentences_as_many_are_cut_from_all_parts_of_the_file() -> None:
    sentences = of(*["leave Taipei ."] * (3 * EVERY), *["Mr. Smith ."] * EVERY)
    assert 0.75 == share(sentences, "words")


def test_digits_decide_which_words_are_known() -> None:
    sentences = of(*["no. 1", "no. 2"] * 2, *["pay 3$ now", "pay 4$ now"])
    assert 1.0 == share(sentences, "words+lexicon", "zero")
    assert 4 / 6 == share(sentences, "words+lexicon", "keep")
