"""The bundled corpus is what its generator makes, and only memory tells its slots apart."""

import pytest
import templates_zh
from generate import PARTS, Sentence, build, main
from measure import majority, score, spans, tags

from rnncli import Tagger, load

# Requests that differ in what tells leaving from arriving: before the place, after it, and far away.
PAIRS = (
    ("十一月二日抵達台北", "十一月二日離開台北"),
    ("到台北", "從台北"),
    ("台北，十一月二日抵達", "台北，十一月二日出發"),
    ("明天早上八點在高雄下車", "明天早上八點在高雄上車"),
    ("京都，如果我老闆同意，是我的目的地", "京都，如果我老闆同意，是我的出發地"),
    ("我的終點，因為我朋友要結婚，是台南", "我的起點，因為我朋友要結婚，是台南"),
    ("星期五，只要老闆准假，我想抵達花蓮", "星期五，只要老闆准假，我想離開花蓮"),
)


@pytest.fixture(scope="module")
def chinese() -> dict[str, list[Sentence]]:
    return build(1, templates_zh)


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return load("zh")


def test_the_files_are_what_the_generator_makes() -> None:
    assert 0 == main(["--check"])


@pytest.mark.parametrize("folder", PARTS)
def test_no_sentence_occurs_twice_and_every_tag_continues_a_span(folder: str) -> None:
    corpus = build(1, PARTS[folder])
    sentences = [sentence for part in corpus.values() for sentence in part]
    assert len(sentences) == len({sentence.key for sentence in sentences})
    for sentence in sentences:
        for before, tag in zip(["O", *tags(sentence)], tags(sentence), strict=False):
            assert not tag.startswith("I-") or before in (tag, "B-" + tag[2:]), sentence.key


def test_chinese_tokens_are_characters(chinese: dict[str, list[Sentence]]) -> None:
    assert {1} == {len(piece.token) for part in chinese.values() for sentence in part for piece in sentence.pieces}


@pytest.mark.parametrize("with_previous", [False, True])
def test_a_character_alone_does_not_tell(chinese: dict[str, list[Sentence]], with_previous: bool) -> None:
    predict = majority(chinese["train"], with_previous)
    assert float(score(predict, chinese["test"]).rpartition(" ")[2].rstrip("%")) < 45
    for pair in PAIRS:
        guesses = [[name for *_, name in spans(predict(list(text)))] for text in pair]
        assert guesses != [roles("arrive", pair[0]), roles("leave", pair[1])], pair


@pytest.mark.parametrize("pair", PAIRS, ids=[first for first, _ in PAIRS])
def test_the_chinese_model_reads_what_tells(pair: tuple[str, str], tagger: Tagger) -> None:
    for verb, text in zip(("arrive", "leave"), pair, strict=True):
        assert roles(verb, text) == [span.type for span in tagger.tag(text).spans]


def roles(verb: str, text: str) -> list[str]:
    """The types of the spans of a text of PAIRS, in their order."""
    place, time = {"arrive": ("destination", "arrival_time"), "leave": ("departure", "departure_time")}[verb]
    if not set("日早五") & set(text):
        return [place]
    return [place, time] if text.startswith("台北") else [time, place]
