"""data/examples.py: a pair of sentences in which one word has two tags."""

import pytest

from rnncli.data.examples import contrast_pair
from rnncli.data.sentence import Sentence
from rnncli.data.tags import PLAIN, Scheme


def sentence(text: str) -> Sentence:
    """Make a sentence of ``"leave/O Taipei/B-from"``."""
    pairs = [word.rsplit("/", 1) for word in text.split()]
    return Sentence([token for token, _ in pairs], [tag for _, tag in pairs], [()] * len(pairs), 1)


LEAVE = "leave/O Taipei/B-from now/O"
ARRIVE = "arrive/O Taipei/B-to today/O"


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        pytest.param([LEAVE, ARRIVE], ["leave Taipei now", "arrive Taipei today"], id="one word, two tags"),
        pytest.param([ARRIVE, LEAVE], ["arrive Taipei today", "leave Taipei now"], id="in the order of the file"),
        pytest.param(
            ["please/O leave/O Taipei/B-from now/O", LEAVE, ARRIVE],
            ["leave Taipei now", "arrive Taipei today"],
            id="the shortest",
        ),
        pytest.param([LEAVE, LEAVE], [], id="the same tag"),
        pytest.param([LEAVE, "see/O Taipei/O now/O"], [], id="O shows no contrast"),
        pytest.param(["Taipei/B-from to/O Taipei/B-to"], [], id="in one sentence"),
        pytest.param([LEAVE, "to/O Taipei/B-to"], [], id="too short"),
        pytest.param([LEAVE, "to/O Taipei/B-to" + " x/O" * 11], [], id="too long"),
        pytest.param([], [], id="no sentence"),
    ],
)
def test_two_short_sentences_that_share_a_word_with_two_tags(sentences: list[str], expected: list[str]) -> None:
    assert expected == contrast_pair([sentence(each) for each in sentences], "words", Scheme("IOB2"))


def test_characters_are_joined_without_blanks() -> None:
    sentences = [sentence("離/O 台/B-from 北/I-from"), sentence("到/O 台/B-to 北/I-to")]
    assert ["離台北", "到台北"] == contrast_pair(sentences, "characters", Scheme("IOB2"))


def test_tags_are_read_as_their_file_spells_them() -> None:
    sentences = [sentence("leave/o Taipei/from_b now/o"), sentence("arrive/o Taipei/to_i today/o")]
    scheme = Scheme("IOB2", separator="_", is_suffix=True, is_lower=True, outside="o")
    assert ["leave Taipei now", "arrive Taipei today"] == contrast_pair(sentences, "words", scheme)
    same_type = [sentences[0], sentence("see/o Taipei/from_i today/o")]
    assert [] == contrast_pair(same_type, "words", scheme)


def test_plain_tags_are_types_as_they_are() -> None:
    sentences = [sentence("a/DT can/NN-x rusts/VB"), sentence("we/PRP can/MD-x go/VB")]
    assert ["a can rusts", "we can go"] == contrast_pair(sentences, "words", PLAIN)
