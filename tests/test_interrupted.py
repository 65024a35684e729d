"""A Tagger that was interrupted, or given a wrong argument, labels what comes next as if nothing had been."""

import copy
import dataclasses
import sys
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import pytest

import rnncli
from rnncli.data import inputs, lookup, ngrams, tokenize, vocabulary
from rnncli.errors import UsageError
from rnncli.tagging import Tagged, Tagger

FILES = {module.__file__ for module in (inputs, lookup, ngrams, tokenize, vocabulary)}
TEXT = "leave Taipei on November 2nd"
TAGS = ["O", "B-departure", "O", "B-departure_time", "I-departure_time"]
OTHER = "arrive New York on Sunday"


def fresh() -> Tagger:
    """The shipped model, which has looked up nothing yet."""
    model = rnncli.load().model
    return Tagger(dataclasses.replace(model, inputs=copy.copy(model.inputs)))


@pytest.fixture(scope="module")
def expected() -> list[Tagged]:
    return [fresh().tag(text) for text in (TEXT, OTHER)]


def interrupted_at(count: int, tagger: Tagger) -> None:
    """Label the text, and raise KeyboardInterrupt before that line of what reads it, counted as they are run."""
    remaining = count

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal remaining
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            remaining -= 1
            if not remaining:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        tagger.tag(TEXT)
    finally:
        sys.settrace(before)


def test_an_interrupt_at_any_line_changes_no_later_label(expected: list[Tagged]) -> None:
    assert TAGS == [token.tag for token in expected[0].tokens]
    model, count = rnncli.load().model, 0
    while True:
        tagger = Tagger(dataclasses.replace(model, inputs=copy.copy(model.inputs)))
        count += 1
        try:
            interrupted_at(count, tagger)
        except KeyboardInterrupt:
            assert expected == [tagger.tag(text) for text in (TEXT, OTHER)], f"line {count}"
        else:
            break
    assert count > 300


@pytest.mark.parametrize("odd", [None, 2, b"Taipei", ["Taipei"]])
def test_a_wrong_argument_changes_no_later_label(odd: Any, expected: list[Tagged]) -> None:
    tagger = fresh()
    for call in (
        lambda: tagger.model.encode([["leave", "new", odd]]),
        lambda: tagger.model.encode(["leave Taipei"]),
        lambda: tagger.tag(odd),
        lambda: tagger.tag_tokens(["leave", "newer", odd]),
    ):
        with pytest.raises((TypeError, UsageError)):
            call()
    assert expected == [tagger.tag(text) for text in (TEXT, OTHER)]


def test_four_threads_on_one_tagger_give_what_one_gives() -> None:
    texts = [f"leave Taipei on November {day}nd with {name}" for day in range(9) for name in ("Ann", "x.y.z")]
    alone = list(map(fresh().tag, texts))
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert alone == list(pool.map(fresh().tag, texts))
    finally:
        sys.setswitchinterval(before)
