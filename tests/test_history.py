"""The picture of a training shows every number of it, and which epoch was saved."""

import itertools
import math
import re
from xml.etree import ElementTree

import pytest

from rnncli.history import Saved, figure, page
from rnncli.training import PastEpoch

SVG = "{http://www.w3.org/2000/svg}"


def history(seeds: int, epochs: int) -> list[PastEpoch]:
    return [
        PastEpoch(seed, epoch, 2.0 / epoch + 0.01 * seed, 1 - 1 / (epoch + seed), 1.5, 0.002 * (1 - epoch / epochs))
        for seed in range(1, seeds + 1)
        for epoch in range(1, epochs + 1)
    ]


def curves(svg: str) -> list[list[tuple[float, float]]]:
    lines = ElementTree.fromstring(svg).iter(f"{SVG}polyline")
    return [[tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()] for line in lines]


def words(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_each_seed_is_a_curve_in_each_of_three_panels():
    svg = figure(history(3, 5), Saved(2, 4, "F1"))
    drawn = curves(svg)
    assert [5] * 9 == list(map(len, drawn))
    saved_loss = drawn[2]  # over the others, so that it comes last
    heights = [y for _, y in saved_loss]
    assert heights == sorted(heights)  # falling losses, and the height counts from the top
    falls = [2.0 / n - 2.0 / (n + 1) for n in range(1, 5)]
    for fall, (above, below) in zip(falls, itertools.pairwise(heights), strict=True):
        assert (below - above) / (heights[-1] - heights[0]) == pytest.approx(fall / sum(falls), abs=0.01)
    shown = words(svg)
    assert {"loss", "dev F1", "learning rate", "epoch", "seed 1", "seed 2", "seed 3", "epoch 4, saved"} <= set(
        shown
    )


def test_the_saved_epoch_is_marked_at_its_score():
    svg = figure(history(1, 5), Saved(1, 2, "F1"))
    (circle,) = ElementTree.fromstring(svg).iter(f"{SVG}circle")
    assert (float(circle.get("cx", "")), float(circle.get("cy", ""))) == curves(svg)[1][1]


def test_many_seeds_do_not_run_out_of_names_and_one_epoch_is_a_point():
    svg = figure(history(40, 1), Saved(7, 1, "loss"))
    shown = words(svg)
    assert "seed 7" in shown
    assert "39 others" in shown
    assert len(list(ElementTree.fromstring(svg).iter(f"{SVG}circle"))) > 100


@pytest.mark.promise("finite")
def test_numbers_that_are_not_finite_are_left_out():
    past = [PastEpoch(1, 1, None, math.nan, 1.0, 0.1), PastEpoch(1, 2, 0.5, 0.3, 1.0, 0.1)]
    for text in (figure(past, Saved(1, 2, "F1")), page(past, Saved(1, 2, "F1")), figure([], Saved(1, 0, "F1"))):
        assert not re.search(r"\b(nan|NaN|inf|Infinity|None)\b", text)


def test_a_page_holds_the_figure_and_its_numbers():
    past = history(2, 3)
    text = page(past, Saved(1, 3, "F1"))
    assert figure(past, Saved(1, 3, "F1")) in text
    assert text.count("<tr") == 1 + len(past)
    assert text.count('class="saved"') == 1
    assert f"<td>{past[1].loss:.4f}</td>" in text
    assert "<script" not in text
