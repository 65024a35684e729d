// Curves: numbers against places on an axis.
import { make, svg } from "../dom.js";

/**
 * A chart with its key.
 * xs      names of the places; `ticks(n)`, whether the name of place n is written
 * series  [name, values] each; null where there is no value
 * low, high  of the axis; by default 0 to the largest value
 * unit    what the axis counts
 */
export function curves({ label, xs, ticks = () => true, series, low = 0, high, unit, width = 640, height = 220, tickText = String }) {
  const left = 44, right = 12, top = 12, bottom = 38;
  const largest = high ?? (Math.max(...series.flatMap(([, values]) => values.map((value) => value ?? 0))) || 1);
  const x = (n) => left + (width - left - right) * (xs.length > 1 ? n / (xs.length - 1) : 0.5);
  const y = (value) => top + (height - top - bottom) * (1 - (value - low) / (largest - low || 1));
  const drawing = svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  for (const level of [low, (largest + low) / 2, largest]) {
    drawing.append(svg("line", { class: level > low ? "grid" : "rule", x1: left, x2: width - right, y1: y(level), y2: y(level) }),
      svg("text", { x: left - 8, y: y(level) + 4, "text-anchor": "end" }, level.toFixed(2)));
  }
  xs.forEach((name, n) => {
    if (ticks(n)) drawing.append(svg("text", { x: x(n), y: height - bottom + 18, "text-anchor": "middle" }, tickText(name).replace("-", "−")));
  });
  if (unit) drawing.append(svg("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, unit));
  const key = make("div", { class: "legend" });
  series.forEach(([name, values], n) => {
    const kind = ["one", "two", "three", "four"][n % 4];
    const known = [...values.entries()].filter(([, value]) => value !== null);
    const path = known.map(([place, value], k) => `${k && known[k - 1][0] === place - 1 ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    drawing.append(svg("path", { class: kind, d: path }));
    for (const [place, value] of known) {
      drawing.append(svg("circle", { class: kind, cx: x(place).toFixed(1), cy: y(value).toFixed(1), r: 2.5 }, svg("title", {}, `${name}, ${xs[place]}: ${value.toFixed(3)}`)));
    }
    key.append(make("span", { class: `key ${kind}`, "aria-hidden": "true" }), make("span", {}, name));
  });
  return make("div", {}, key, drawing);
}
