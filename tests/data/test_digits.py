"""data/digits.py: whether digits tell tags apart."""

import random

import pytest

from rnncli.data.digits import choose_digits
from rnncli.data.sentence import Sentence


def corpus(*pairs: tuple[str, str]) -> list[Sentence]:
    return [Sentence(["go", token], ["O", tag], [(), ()], 1) for token, tag in pairs]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(f"s{i % 4}", f"T{i % 4}") for i in range(40)], "keep"),
        ([(f"s{i % 4}", "T") for i in range(40)], "zero"),
        ([(f"s{i % 4}", f"T{i // 4 % 4}") for i in range(40)], "zero"),  # the digit says nothing
        ([(f"s{i}", f"T{i}") for i in range(40)], "zero"),  # each occurs once
        ([(f"s{i % 4}", f"T{i % 4}") for i in range(8)], "zero"),  # too few to tell
        ([("s1", f"T{i % 4}") for i in range(40)], "zero"),
        ([(f"{i % 4}" * 3, f"T{i % 4}") for i in range(40)], "keep"),
        ([("٣" if i % 2 else "٤", f"T{i % 2}") for i in range(40)], "keep"),  # Arabic digits
        ([("abcd"[i % 4], f"T{i % 4}") for i in range(40)], "zero"),  # no digit
        ([("é1" if i % 2 else "e\u03011", "T") for i in range(40)], "zero"),
        ([], "zero"),
    ],
)
def test_digits_are_kept_where_they_tell_tags_apart(pairs: list[tuple[str, str]], expected: str) -> None:
    assert expected == choose_digits(corpus(*pairs))


@pytest.mark.parametrize(("noise", "expected"), [(0.2, "keep"), (0.8, "zero")])
def test_digits_are_kept_if_they_halve_the_wrong_tags(noise: float, expected: str) -> None:
    draw = random.Random(1)
    pairs = []
    for _ in range(1_000):
        digit = draw.randrange(4)
        pairs.append((f"s{digit}", f"T{draw.randrange(4) if draw.random() < noise else digit}"))
    assert expected == choose_digits(corpus(*pairs))
