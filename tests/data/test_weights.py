"""data/weights.py: balanced weights, and what a file of weights may look like."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data import weights
from rnncli.errors import DataError, FileError


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    # n_samples / (n_classes * bincount)
    assert {"O": 10 / (3 * 7), "B-x": 10 / (3 * 2), "I-x": 10 / (3 * 1)} == weights.balanced(
        {"O": 7, "B-x": 2, "I-x": 1}
    )


@given(counts=st.dictionaries(st.text(max_size=3), st.integers(1, 10**9), min_size=1, max_size=8))
def test_balanced_tags_weigh_the_same_in_sum_and_a_token_one_on_average(counts: dict[str, int]) -> None:
    found = weights.balanced(counts)
    sums = [counts[tag] * found[tag] for tag in counts]
    assert sums == pytest.approx([sums[0]] * len(counts))
    assert sum(sums) == pytest.approx(sum(counts.values()))


def test_tags_that_never_occur_take_no_part_in_the_balance() -> None:
    assert {"a": 1.0} == weights.balanced({"a": 3, "b": 0})
    assert {} == weights.balanced({})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.tsv"


@pytest.mark.parametrize(
    "content",
    [
        "O\t0.5\nB-x\t2\n",
        "O\t0.5\nB-x\t2",
        "\ufeffO\t5e-1\r\n\r\nB-x\t+2.0\r\n",
        "\nO\t.5\n  \nB-x\t2\n\n",
    ],
)
def test_weights_of_a_file(path: Path, content: str) -> None:
    path.write_bytes(content.encode())
    assert {"O": 0.5, "B-x": 2.0} == weights.read(str(path))


def test_tags_may_be_any_text(path: Path) -> None:
    path.write_text("#\t1\nB x\t2\n地名\t3\n", "utf-8")
    assert {"#": 1.0, "B x": 2.0, "地名": 3.0} == weights.read(str(path))


TAB = "separate tag and weight by one TAB character"
NUMBER = "give a number above 0; 1 changes nothing"
NOT_UTF8 = "the whole file can be read as cp1252: try --encoding cp1252"


@pytest.mark.parametrize(
    ("content", "place", "message", "hint"),
    [
        (b"O 1\n", "1:4", 'expected tag<TAB>weight, found one column: "O 1"', TAB),
        (b"O\t1\nB-x\t2\t3\n", "2:6", 'expected tag<TAB>weight, found 3 columns: "B-x⇥2⇥3"', TAB),
        (b"\t1\n", "1:1", 'empty tag: "⇥1"', TAB),
        (b"O\t1\nO\t1\n", "2:1", 'this tag has a weight already: "O"', "name every tag once"),
        ("地名\t\n".encode(), "1:4", 'not a weight: "地名⇥"', NUMBER),
        *(
            (f"B-x\t{weight}\n".encode(), "1:5", f'not a weight: "{weight}"', NUMBER)
            for weight in ("0", "-0.0", "-1", "nan", "inf", "-inf", "1e999", "1e60", "1e-60", "heavy", "1,5")
        ),
        (b"caf\xe9\t1\n", "1:4", 'byte 0xe9 is not UTF-8: "caf\ufffd⇥1"', NOT_UTF8),
    ],
)
def test_a_fault_names_its_place_its_text_and_a_way_out(
    path: Path, content: bytes, place: str, message: str, hint: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        weights.read(str(path))
    assert f"{path}:{place}: {message}\n  {hint}" == str(caught.value)


def test_faults_are_reported_together(path: Path) -> None:
    path.write_text("O\nB-x\tx\nI-x\t1\nI-x\t2\n", "utf-8")
    with pytest.raises(DataError) as caught:
        weights.read(str(path))
    places = [line.split(": ")[0] for line in caught.value.message.splitlines()]
    assert [f"{path}:{place}" for place in ("1:2", "2:5", "4:1")] == places


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_a_file_without_a_weight_is_an_error(path: Path, content: str) -> None:
    path.write_text(content, "utf-8")
    with pytest.raises(DataError) as caught:
        weights.read(str(path))
    assert f"{path}: no weight in this file\n  expected lines of tag<TAB>weight" == str(caught.value)


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        weights.for_tags(str(path), ["O"], {"O": 1})


TAGS = ["O", "B-city", "I-city"]


def test_tags_are_balanced_by_their_counts() -> None:
    counts = Counter({"O": 6, "B-city": 2, "never": 0})
    assert [8 / (2 * 6), 8 / (2 * 2), 1.0] == weights.for_tags("balanced", TAGS, counts)


def test_tags_that_a_file_leaves_out_have_weight_one(path: Path) -> None:
    path.write_text("I-city\t0.25\nO\t4\n", "utf-8")
    assert [4.0, 1.0, 0.25] == weights.for_tags(str(path), TAGS, {})
    assert [4.0, 1.0, 0.25] == weights.for_tags(weights.read(str(path)), TAGS, {})


@pytest.mark.parametrize(
    ("tag", "hint"), [("B-ctiy", 'did you mean "B-city"?'), ("zzzz", "known: O, B-city, I-city")]
)
def test_a_weight_for_a_tag_that_training_never_shows_is_a_fault(path: Path, tag: str, hint: str) -> None:
    path.write_text(f"O\t1\n{tag}\t2\n", "utf-8")
    with pytest.raises(DataError) as caught:
        weights.for_tags(str(path), TAGS, {})
    assert f'{path}:2:1: training never shows this tag: "{tag}"\n  {hint}' == str(caught.value)
    assert {"O": 1.0, tag: 2.0} == weights.read(str(path))


def test_every_weight_that_is_read_is_above_zero_in_single_precision(path: Path) -> None:
    path.write_text("a\t1e-45\nb\t3.4e38\n", "utf-8")
    kept = np.array(list(weights.read(str(path)).values()), np.float32)
    assert np.isfinite(kept).all() and (kept > 0).all()
