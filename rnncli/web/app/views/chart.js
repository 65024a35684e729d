// A small chart of lines, as SVG.
import { make, svg } from "../dom.js";

const SIZE = { width: 380, height: 220, left: 52, right: 12, top: 10, bottom: 40 };

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

/**
 * A figure with a chart.
 *
 * title, x, y  what is drawn, and the names of the axes with their units
 * lines        for each `name`, `kind` ("one" or "two") and `points`, pairs of numbers; a y that is null leaves a gap
 * range        the least and the greatest y at least; with `logarithm` as powers of ten
 * reach        the greatest x at least
 */
export function chart({ title, x, y, lines, range, reach = 1, start = 1, logarithm = false }) {
  const { width, height, left, right, top, bottom } = SIZE;
  const scaled = (value) => (logarithm ? Math.log10(Math.max(value, 10 ** range[0])) : value);
  const drawn = lines.map((line) => ({ ...line, points: line.points.map(([at, value]) => [at, value === null ? null : scaled(value)]) }));
  const values = drawn.flatMap((line) => line.points.map((point) => point[1])).filter((value) => value !== null);
  let [least, most] = [Math.min(range[0], ...values), Math.max(range[1], ...values)];
  if (most === least) most = least + 1;
  const last = Math.max(start + 1, reach, ...drawn.flatMap((line) => line.points.map((point) => point[0])));
  const across = (at) => left + ((at - start) / (last - start)) * (width - left - right);
  const up = (value) => height - bottom - ((value - least) / (most - least)) * (height - top - bottom);

  const parts = [];
  const marks = logarithm ? ticks(Math.floor(least), Math.ceil(most), 6).filter(Number.isInteger) : ticks(least, most, 4);
  for (const value of marks.filter((mark) => mark >= least && mark <= most)) {
    parts.push(svg("line", { class: "grid", x1: left, x2: width - right, y1: up(value), y2: up(value) }));
    parts.push(svg("text", { x: left - 6, y: up(value) + 4, "text-anchor": "end" }, logarithm ? power(value) : short(value)));
  }
  for (const at of ticks(start, last, 6).filter(Number.isInteger)) {
    parts.push(svg("text", { x: across(at), y: height - bottom + 16, "text-anchor": "middle" }, String(at)));
  }
  parts.push(svg("line", { class: "rule", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }));
  parts.push(svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x));
  for (const { kind, points } of drawn) {
    let path = "";
    let isOn = false;
    for (const [at, value] of points) {
      if (value !== null) path += `${isOn ? "L" : "M"}${across(at).toFixed(1)} ${up(value).toFixed(1)}`;
      isOn = value !== null;
    }
    parts.push(svg("path", { class: kind, d: path }));
    if (points.length <= 40) {
      parts.push(...points.filter((point) => point[1] !== null).map(([at, value]) => svg("circle", { class: kind, cx: across(at), cy: up(value), r: 2.5 })));
    }
  }
  const said = lines.filter((line) => line.points.length).map((line) => `${line.name}: ${line.points.map(([at, value]) => `${at}: ${short(value)}`).join(", ")}`);
  return make("figure", { class: "chart" },
    make("figcaption", {}, make("b", {}, title), make("span", {}, y)),
    svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}. ${said.join(". ")}` }, parts),
    lines.length > 1 && make("p", { class: "legend" }, lines.flatMap(({ name, kind }) => [make("span", { class: kind === "two" ? "key two" : "key" }), make("span", {}, name)])));
}
