// Plain tables.
import { make } from "../dom.js";

/** A table that scrolls sideways where it is too wide; `label` names it. */
export function scrolling(label, table) {
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);
}

/** Names in the first column, numbers in the others. */
export function numbersTable(headers, lines) {
  const head = headers.map((name, n) => make("th", { scope: "col", class: n ? "number" : null }, name));
  const body = lines.map(([name, ...cells]) => make("tr", {}, make("th", { scope: "row" }, name), cells.map((cell) => make("td", { class: "number" }, cell))));
  return scrolling(headers.join(", "), make("table", { class: "plain" }, make("thead", {}, make("tr", {}, head)), make("tbody", {}, body)));
}
