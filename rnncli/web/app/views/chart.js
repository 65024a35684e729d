// Charts of lines, as SVG.
import { make, svg } from "../dom.js";

const SIZE = { width: 380, height: 220, left: 52, right: 12, top: 10, bottom: 40 }; // px
const KINDS = ["one", "two", "three", "four"]; // of lines
const MOST_DOTS = 80; // points of a line whose values are named

/** Round numbers from `least` to `most`, about `count` of them. */
function ticks(least, most, count) {
  const rough = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  const places = [];
  for (let n = Math.ceil(least / step - 1e-9); n * step <= most + step * 1e-6; n += 1) places.push(Number((n * step).toPrecision(12)));
  return places;
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
/** A power of ten as people write it. */
export function power(exponent) {
  if (exponent >= -2 && exponent <= 3) return String(10 ** exponent);
  return `10${exponent < 0 ? "⁻" : ""}${String(Math.abs(exponent)).replace(/\d/g, (digit) => SUPERSCRIPTS[digit])}`;
}

/** A number of any size, short: three digits, or a power of ten. */
export function short(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  if (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e4) {
    const [digits, exponent] = value.toExponential(1).split("e");
    const raised = power(Number(exponent) < -2 || Number(exponent) > 3 ? Number(exponent) : 0);
    return `${digits.replace("-", "−")} · ${raised}`;
  }
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

/** The numbers or names that stand below the axis, as [place, text] each. */
function below({ names, start, last, width }) {
  if (!names) return ticks(start, last, 6).filter(Number.isInteger).map((at) => [at, short(at)]);
  const every = Math.ceil(names.length / Math.max(4, Math.floor(width / 70)));
  return [...names.entries()].filter(([n]) => n % every === 0).map(([n, name]) => [n, name.length > 9 ? `${name.slice(0, 8)}…` : name]);
}

/**
 * A figure with a chart.
 *
 * title, label  what is drawn, above the chart or only for those who do not see it
 * x, y     the names of the axes with their units
 * lines    for each `name` and `points`, pairs of numbers; a y that is null leaves a gap; `kind`, how it is drawn, from "one" to "four"
 * names    of the places 0, 1, …, where the axis does not count
 * range    the least and the greatest y at least; with `logarithm` as powers of ten
 * start    the least x, and `reach`, the greatest at least
 */
export function chart({ title = "", label = title, x = "", y = "", lines, names = null, range = [0, 0], start = names ? 0 : 1, reach = start, logarithm = false, width = SIZE.width, height = SIZE.height }) {
  const { left, right, top, bottom } = SIZE;
  const scaled = (value) => (logarithm ? Math.log10(Math.max(value, 10 ** range[0])) : value);
  const drawn = lines.map(({ name, points, kind }, n) => ({ name, kind: kind || KINDS[n % KINDS.length], points }));
  const values = drawn.flatMap(({ points }) => points.map((point) => point[1])).filter((value) => value !== null).map(scaled);
  const least = Math.min(range[0], ...values);
  let most = Math.max(range[1], ...values);
  if (most === least) most = least + 1;
  const last = Math.max(start + 1, reach, ...drawn.flatMap(({ points }) => points.map((point) => point[0])));
  const across = (at) => (left + ((at - start) / (last - start)) * (width - left - right)).toFixed(1);
  const up = (value) => (height - bottom - ((value - least) / (most - least)) * (height - top - bottom)).toFixed(1);

  const parts = [];
  const marks = logarithm ? ticks(Math.floor(least), Math.ceil(most), 6).filter(Number.isInteger) : ticks(least, most, 4);
  for (const value of marks.filter((mark) => mark >= least && mark <= most)) {
    parts.push(svg("line", { class: "grid", x1: left, x2: width - right, y1: up(value), y2: up(value) }));
    parts.push(svg("text", { x: left - 6, y: Number(up(value)) + 4, "text-anchor": "end" }, logarithm ? power(value) : short(value)));
  }
  for (const [at, text] of below({ names, start, last, width })) {
    parts.push(svg("text", { x: across(at), y: height - bottom + 16, "text-anchor": "middle" }, text));
  }
  parts.push(svg("line", { class: "rule", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }));
  if (x) parts.push(svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x));
  const placeOf = (at) => (names ? names[at] : short(at));
  for (const { name, kind, points } of drawn) {
    const known = points.map(([, value]) => value !== null);
    const path = points.map(([at, value], n) => (known[n] ? `${known[n - 1] ? "L" : "M"}${across(at)} ${up(scaled(value))}` : "")).join("");
    parts.push(svg("path", { class: kind, d: path }));
    if (points.length > MOST_DOTS) continue;
    for (const [at, value] of points.filter((_, n) => known[n])) {
      parts.push(svg("circle", { class: kind, cx: across(at), cy: up(scaled(value)), r: 2.5 }, svg("title", {}, `${name}, ${placeOf(at)}: ${short(value)}`)));
    }
  }
  const said = drawn.filter(({ points }) => points.length && points.length <= MOST_DOTS)
    .map(({ name, points }) => `${name}: ${points.map(([at, value]) => `${placeOf(at)}: ${short(value)}`).join(", ")}`);
  return make("figure", { class: "chart" },
    title && make("figcaption", {}, make("b", {}, title), make("span", {}, y)),
    svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": [label, ...said].join(". ") }, parts),
    (lines.length > 1 || !title) && make("p", { class: "legend" }, drawn.flatMap(({ name, kind }) => [make("span", { class: `key ${kind}`, "aria-hidden": "true" }), make("span", {}, name)])));
}
