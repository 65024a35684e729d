"""data/inputs.py: sentences as numbers, end to end."""

import pytest

from rnncli.data.inputs import encode
from rnncli.data.vocabulary import Vocabulary

VOCABULARY = Vocabulary(["leave", "Taipei", "0nd"])


def test_words_and_tags_become_numbers_end_to_end() -> None:
    sentences = [["leave", "Taipei"], [], ["nowhere", "2nd", "Leave"]]
    tags = [["O", "B-x"], [], ["O", "never", "I-x"]]
    found = encode(sentences, VOCABULARY, tags, {"O": 0, "B-x": 1, "I-x": 2})
    assert [1, 2, 0, 3, 1] == found.words.tolist()
    assert [0, 1, 0, -1, 2] == found.tags.tolist()  # −1: a tag that training never showed
    assert [0, 2, 2, 5] == found.starts.tolist()
    assert [2, 0, 3] == found.lengths.tolist()


def test_without_tags_every_tag_is_unknown() -> None:
    assert [-1, -1] == encode([["leave", "x"]], VOCABULARY).tags.tolist()


@pytest.mark.parametrize(("sentences", "starts"), [([], [0]), ([[]], [0, 0]), ([[], []], [0, 0, 0])])
def test_nothing_can_be_encoded(sentences: list[list[str]], starts: list[int]) -> None:
    found = encode(sentences, VOCABULARY)
    assert ([], [], starts) == (found.words.tolist(), found.tags.tolist(), found.starts.tolist())


def test_numbers_have_the_types_that_kernels_take() -> None:
    found = encode([["leave"]], VOCABULARY, [["O"]], {"O": 0})
    assert ["int32", "int32", "int64"] == [str(array.dtype) for array in found]
