"""Drawings as SVG, for papers and slides: curves, a map of shades, points with intervals.

A file needs no other file: it has no script and no font. It can be read without colours: curves differ by their
dashes and have their names at the right, and shades go from light to dark.
"""

import html
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 40, 50
_DASHES = ("", "8 4", "2 3", "10 3 2 3", "5 2 1 2 1 2", "14 4")
# Blue, orange, green, purple, …: most colour-blind people can distinguish them (Okabe and Ito 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")


class Line(NamedTuple):
    """A curve over k = 0, 1, …, and the band from ``low`` to ``high``; a value that is not above 0 is a gap."""

    name: str
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


class Point(NamedTuple):
    """A value y at x, and the interval from ``low`` to ``high``."""

    x: float
    y: float
    low: float
    high: float


class Points(NamedTuple):
    """Points with a name; joined by a line, or each by itself with a mark."""

    name: str
    points: Sequence[Point]
    is_line: bool = False


class Panel(NamedTuple):
    """Curves over one scale: for each its name and its points (x, y). ``mark`` is a point to mark, and its name."""

    y_label: str
    curves: Sequence[tuple[str, Sequence[tuple[float, float]]]]
    mark: tuple[float, float, str] | None = None


def decades(values: Sequence[float], most: int = 20) -> tuple[int, int]:
    """The exponents of two powers of ten that enclose all values above 0.

    They differ by at least one and at most ``most``; where that is too few, the smallest values lie outside.
    """
    logs = [math.log10(value) for value in values if value > 0]
    if not logs:
        return -1, 0
    low = math.floor(min(logs))
    high = max(math.ceil(max(logs)), low + 1)
    return max(low, high - most), high


def curves(title: str, x_label: str, y_label: str, lines: Sequence[Line]) -> str:
    """Draw curves over a logarithmic scale; return the text of an SVG file."""
    low, high = decades([value for line in lines for value in (*line.values, *line.low, *line.high)])
    longest = max((len(line.values) for line in lines), default=1)
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def x(k: float) -> float:
        return _LEFT + (right - _LEFT) * k / max(1, longest - 1)

    def y(value: float) -> float:
        return bottom - (bottom - _TOP) * max(0.0, math.log10(value) - low) / (high - low)

    parts = list(_axes(title, x_label, y_label, HEIGHT))
    for power in range(low, high + 1, max(1, -(-(high - low) // 8))):
        parts.append(f'<path class="grid" d="M{_LEFT} {y(10.0**power):.1f}H{right}"/>')
        parts.append(_text(_LEFT - 6, y(10.0**power) + 4, f"1e{power}", "end"))
    for k in range(0, longest, max(1, -(-longest // 12))):
        parts.append(_text(x(k), bottom + 16, str(k)))
    label_heights: list[float] = []
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        dash = _DASHES[number % len(_DASHES)]
        if line.low:
            band = [(x(k), y(v)) for k, v in enumerate(line.high) if v > 0]
            band += [(x(k), y(v)) for k, v in reversed(list(enumerate(line.low))) if v > 0]
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in band)
            parts.append(f'<polygon points="{points}" fill="{colour}" fill-opacity="0.12"/>')
        path = []
        pen = "M"
        for k, value in enumerate(line.values):
            if value > 0:
                path.append(f"{pen}{x(k):.1f} {y(value):.1f}")
            pen = "L" if value > 0 else "M"
        parts.append(
            f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        heights = [y(value) for value in line.values if value > 0]
        label_height = heights[-1] if heights else bottom
        while any(abs(label_height - height) < 13 for height in label_heights):  # names do not cover each other
            label_height -= 13
        label_heights.append(label_height)
        sample = f'd="M{right + 6} {label_height:.1f}h22" stroke="{colour}" stroke-width="2"'
        parts.append(f'<path {sample} stroke-dasharray="{dash}"/>')
        parts.append(_text(right + 32, label_height + 4, line.name, "start"))
    return _file(parts, HEIGHT)


def points(
    title: str,
    x_label: str,
    y_label: str,
    several: Sequence[Points],
    ticks: Sequence[tuple[float, str]],
    is_logarithmic: bool = False,
) -> str:
    """Draw points with their intervals; return the text of an SVG file.

    ticks           places on the x axis with their names
    is_logarithmic  whether the x axis is
    """
    every = [point for each in several for point in each.points]
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    step, low, high = _steps(min(point.low for point in every), max(point.high for point in every))
    places = [math.log(point.x) if is_logarithmic else point.x for point in every]
    first, last = min(places), max(places)

    def x(value: float) -> float:
        place = math.log(value) if is_logarithmic else value
        return _LEFT + 12 + (right - _LEFT - 24) * ((place - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return bottom - (bottom - _TOP) * (value - low) / (high - low)

    parts = list(_axes(title, x_label, y_label, HEIGHT))
    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        parts.append(f'<path class="grid" d="M{_LEFT} {y(value):.1f}H{right}"/>')
        parts.append(_text(_LEFT - 6, y(value) + 4, f"{value:.6g}", "end"))
    for place, name in ticks:
        parts.append(_text(x(place), bottom + 16, name))
    for number, each in enumerate(several):
        colour = _COLOURS[number % len(_COLOURS)]
        if each.is_line:
            band = [*((p.x, p.high) for p in each.points), *((p.x, p.low) for p in reversed(each.points))]
            outline = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in band)
            parts.append(f'<polygon points="{outline}" fill="{colour}" fill-opacity="0.12"/>')
            path = " ".join(f"{x(p.x):.1f},{y(p.y):.1f}" for p in each.points)
            dash = _DASHES[number % len(_DASHES)]
            style = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
            parts.append(f'<polyline points="{path}" {style}/>')
        else:
            for p in each.points:
                parts.append(f'<path d="M{x(p.x):.1f} {y(p.low):.1f}V{y(p.high):.1f}" stroke="{colour}"/>')
                parts.append(f'<circle cx="{x(p.x):.1f}" cy="{y(p.y):.1f}" r="3.5" fill="{colour}"/>')
        key = _TOP + 8 + 18 * number
        sample = f'd="M{right + 6} {key}h22" stroke="{colour}" stroke-width="2"'
        circle = f'<circle cx="{right + 17}" cy="{key}" r="3.5" fill="{colour}"/>'
        mark = f"<path {sample}/>" if each.is_line else circle
        parts += [mark, _text(right + 32, key + 4, each.name, "start")]
    return _file(parts, HEIGHT)


def panels(title: str, x_label: str, several: Sequence[Panel]) -> str:
    """Draw panels of curves below each other, over one x axis of whole numbers; return the text of an SVG file.

    The first curve of each panel is drawn over the others. With more curves than colours, the others are grey.
    """
    right = WIDTH - _RIGHT
    height = 200
    every = [x for panel in several for _, points in panel.curves for x, _ in points]
    first, last = min(every), max(every)

    def x(value: float) -> float:
        return _LEFT + 12 + (right - _LEFT - 24) * ((value - first) / (last - first) if last > first else 0.5)

    parts = []
    for number, panel in enumerate(several):
        parts.append(f'<g transform="translate(0 {number * (height - _BOTTOM + 10)})">')
        is_last = number == len(several) - 1
        parts += _axes("" if number else title, x_label if is_last else "", panel.y_label, height)
        parts += _scaled(panel, x, height - _BOTTOM, is_first=number == 0)
        if is_last:
            step = max(1, -(-round(last - first) // 12))
            for value in range(round(first), round(last) + 1, step):
                parts.append(_text(x(value), height - _BOTTOM + 16, str(value)))
        parts.append("</g>")
    return _file(parts, len(several) * (height - _BOTTOM + 10) + _BOTTOM)


def _scaled(panel: Panel, x: Callable[[float], float], bottom: float, is_first: bool) -> Iterator[str]:
    """The scale of a panel, its curves, the mark, and in the first panel the names of the curves."""
    right = WIDTH - _RIGHT
    values = [value for _, points in panel.curves for _, value in points]
    step, low, high = _steps(min(values), max(values), 4)

    def y(value: float) -> float:
        return bottom - (bottom - _TOP) * (value - low) / (high - low)

    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        yield f'<path class="grid" d="M{_LEFT} {y(value):.1f}H{right}"/>'
        yield _text(_LEFT - 6, y(value) + 4, f"{value:.6g}", "end")
    has_colours = len(panel.curves) <= len(_COLOURS)
    for number, (name, points) in reversed(list(enumerate(panel.curves))):
        colour = _COLOURS[number] if has_colours or number == 0 else "#999"
        dash = _DASHES[number] if has_colours else ""
        style = f'fill="none" stroke="{colour}" stroke-dasharray="{dash}"'
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
        yield f'<polyline points="{path}" {style} stroke-width="{1.2 if number else 2.2}"/>'
        if len(points) == 1:
            yield f'<circle cx="{x(points[0][0]):.1f}" cy="{y(points[0][1]):.1f}" r="2.5" fill="{colour}"/>'
        if is_first and (has_colours or number < 2):
            key = _TOP + 8 + 18 * number
            yield f'<path d="M{right + 6} {key}h22" {style} stroke-width="2"/>'
            others = f"{len(panel.curves) - 1:,} others"
            yield _text(right + 32, key + 4, name if has_colours or not number else others, "start")
    if panel.mark:
        place, value, name = panel.mark
        yield f'<path d="M{x(place):.1f} {_TOP}V{bottom:.1f}" stroke="#444" stroke-dasharray="3 3"/>'
        yield f'<circle cx="{x(place):.1f}" cy="{y(value):.1f}" r="4" fill="{_COLOURS[0]}" stroke="#222"/>'
        yield _text(right + 6, y(value) + 4, name, "start")


def _steps(least: float, most: float, count: int = 6) -> tuple[float, float, float]:
    """A round step, of which at most ``count`` + 2 lie between the two multiples of it that enclose both values."""
    span = (most - least) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(power * factor for factor in (1, 2, 5, 10, 20, 50) if span / (power * factor) <= count)
    low = step * math.floor(least / step)
    high = step * math.ceil(most / step)
    return step, low, high if high > low else low + step


def shades(title: str, x_label: str, y_label: str, rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Draw a named row of shades for each row of values, dark for large, on a logarithmic scale.

    Return the text of an SVG file.
    """
    low, high = decades([value for _, values in rows for value in values])
    columns = max((len(values) for _, values in rows), default=1)
    size = max(8, min(22, 560 // max(1, len(rows))))
    height = _TOP + _BOTTOM + size * len(rows)
    cell_width = (WIDTH - _LEFT - _RIGHT) / columns
    parts = list(_axes(title, x_label, y_label, height))
    for i, (name, values) in enumerate(rows):
        if i % max(1, -(-14 // size)) == 0:
            parts.append(_text(_LEFT - 6, _TOP + size * (i + 0.5) + 4, name, "end"))
        for k, value in enumerate(values):
            darkness = max(0.0, math.log10(value) - low) / (high - low) if value > 0 else 0.0
            grey = round(250 - 235 * darkness)
            left = _LEFT + cell_width * k
            cell = f'x="{left:.1f}" y="{_TOP + size * i}" width="{cell_width:.1f}" height="{size}"'
            parts.append(f'<rect {cell} fill="rgb({grey},{grey},{grey})"><title>{value:.2e}</title></rect>')
    for k in range(0, columns, max(1, -(-columns // 12))):
        parts.append(_text(_LEFT + cell_width * (k + 0.5), height - _BOTTOM + 16, str(k)))
    for n, power in enumerate(range(high, low - 1, -max(1, -(-(high - low) // 8)))):
        grey = round(250 - 235 * (power - low) / (high - low))
        key = f'x="{WIDTH - _RIGHT + 16}" y="{_TOP + 18 * n}" width="16" height="14"'
        parts.append(f'<rect {key} fill="rgb({grey},{grey},{grey})" stroke="#888"/>')
        parts.append(_text(WIDTH - _RIGHT + 38, _TOP + 18 * n + 12, f"1e{power}", "start"))
    return _file(parts, max(height, _TOP + _BOTTOM + 18 * 9))


def _axes(title: str, x_label: str, y_label: str, height: float) -> Iterator[str]:
    yield _text(_LEFT, 22, title, "start", "title")
    yield _text((WIDTH - _RIGHT + _LEFT) / 2, height - 12, x_label)
    middle = (_TOP + height - _BOTTOM) / 2
    yield f'<g transform="rotate(-90 16 {middle:.0f})">{_text(16, middle, y_label)}</g>'
    yield f'<path class="axis" d="M{_LEFT} {_TOP}V{height - _BOTTOM}H{WIDTH - _RIGHT}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _file(parts: Sequence[str], height: float) -> str:
    style = (
        "text{font:12px sans-serif;fill:#222}.title{font-size:14px;font-weight:bold}"
        ".axis{fill:none;stroke:#444}.grid{stroke:#ddd}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
    background = f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>'
    return "\n".join(
        [head, "<!-- Generator: rnncli -->", f"<style>{style}</style>", background, *parts, "</svg>\n"]
    )
