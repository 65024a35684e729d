"""Pictures are well-formed, carry the numbers that they were given, and keep names as text."""

import itertools
import re
from xml.etree import ElementTree

import pytest

from rnncli.inspect import chart
from rnncli.inspect.chart import Line, curves, decades, shades

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>alert("1")</script>'


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path.get("d"))]


def lines_of(svg):
    root = ElementTree.fromstring(svg)
    return [points(path) for path in root.iter(f"{SVG}path") if path.get("fill") == "none"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], (-1, 0)), ([0.0], (-1, 0)), ([1.0], (0, 1)), ([0.02, 300.0], (-2, 3)), ([1e-90, 0.5], (-20, 0))],
)
def test_decades_enclose_what_is_above_zero(values, expected):
    assert expected == decades(values)


def test_a_power_law_is_a_straight_line_of_even_steps():
    (line,) = lines_of(curves("t", "k", "y", [Line("a", [0.1**k for k in range(5)])]))
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(line)]
    assert 4 == len(steps)
    for across, down in steps:
        assert across == pytest.approx(steps[0][0], abs=0.11)
        assert down == pytest.approx(steps[0][1], abs=0.11)
    assert steps[0][1] > 0  # smaller is lower


def test_what_is_not_above_zero_is_a_gap():
    svg = curves("t", "k", "y", [Line("a", [1.0, 0.0, 0.1, 0.01])])
    (path,) = (p for p in ElementTree.fromstring(svg).iter(f"{SVG}path") if p.get("fill") == "none")
    assert "ML" == re.sub(r"[^ML]", "", path.get("d"))[1:]


def test_curves_are_told_apart_without_colour():
    svg = curves("t", "k", "y", [Line(str(n), [1.0, 0.5]) for n in range(6)])
    dashes = [p.get("stroke-dasharray") for p in ElementTree.fromstring(svg).iter(f"{SVG}path") if p.get("fill")]
    assert 6 == len(set(dashes)) == len(dashes)


def test_names_at_the_ends_do_not_cover_each_other():
    svg = curves("t", "k", "y", [Line(f"line {n}", [1.0, 0.5]) for n in range(6)])
    texts = [t for t in ElementTree.fromstring(svg).iter(f"{SVG}text") if (t.text or "").startswith("line")]
    heights = sorted(float(text.get("y")) for text in texts)
    assert all(b - a >= 12 for a, b in itertools.pairwise(heights))


def test_shades_are_darker_for_larger_values():
    svg = shades("t", "k", "epoch", [("1", [1.0, 0.1, 0.01]), ("2", [0.001, 0.0])])
    cells = [rect for rect in ElementTree.fromstring(svg).iter(f"{SVG}rect") if list(rect)]
    greys = [int(re.match(r"rgb\((\d+)", rect.get("fill")).group(1)) for rect in cells]
    assert greys[:4] == sorted(greys[:4])
    assert 5 == len(greys)
    assert 4 == len(set(greys))  # 0 is as light as the smallest
    assert ["1.00e+00", "1.00e-01", "1.00e-02", "1.00e-03", "0.00e+00"] == [rect[0].text for rect in cells]


@pytest.mark.parametrize("draw", [
    lambda: curves(HOSTILE, HOSTILE, HOSTILE, [Line(HOSTILE, [1.0, 2.0])]),
    lambda: shades(HOSTILE, HOSTILE, HOSTILE, [(HOSTILE, [1.0, 2.0])]),
])  # fmt: skip
def test_a_hostile_name_stays_text(draw):
    root = ElementTree.fromstring(draw())
    assert not list(root.iter(f"{SVG}script"))
    assert 4 == sum(text.text == HOSTILE for text in root.iter(f"{SVG}text"))


def test_the_pictures_need_nothing_from_elsewhere():
    svg = curves("t", "k", "y", [Line("a", [1.0, 0.5], [0.5, 0.2], [2.0, 1.0])])
    assert ["http://www.w3.org/2000/svg"] == re.findall(r"https?://[^\"]+", svg)
    assert chart.WIDTH == int(re.search(r'viewBox="0 0 (\d+)', svg).group(1))
