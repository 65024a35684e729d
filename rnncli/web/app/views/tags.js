// Numbers by tag as a table of bars: scores, their softmax, marginals, or the ŷ(t−1) that is fed back. The numbers are
// one Tab stop; the arrow keys move among them.
import { make } from "../dom.js";
import { figure, fullFigure } from "./strip.js";

const MOST_TAGS = 12; // rows that are shown before "all"

/** A probability: 0.98, and with the digits that a small one needs. */
export const shareText = (value) => (value !== 0 && value !== 1 && (value > 0.995 || value < 0.005) ? share(value) : figure(value));
const share = (value) => (value < 0.5 ? (value < 0.0005 ? value.toExponential(0).replace("-", "−") : value.toFixed(4)) : value.toFixed(value > 0.99995 ? 2 : 4));

/**
 * A table of tags.
 *
 * t        gives texts
 * columns  for each `name`, its key in `update`; `isShare` for bars from 0 to 1, else from the middle; `open`, called
 *          with the number of the tag, or null
 */
export function createTagTable(t, label, columns) {
  const body = make("tbody");
  const head = make("tr");
  const table = make("table", { class: columns.length > 2 ? "tag-bars three" : "tag-bars", "aria-label": label }, make("thead", {}, head), body);
  const more = make("button", { type: "button", class: "quiet", click: () => { isWhole = !isWhole; draw(); } });
  const element = make("div", { class: "tag-table" }, make("div", { class: "scroll" }, table), more);
  let isWhole = false;
  let shown = null;
  let at = [0, 0]; // row and column that Tab moves to

  const numbers = () => [...body.rows].map((line) => [...line.querySelectorAll("button")]);
  function aim(row, column, isFocused) {
    const buttons = numbers();
    if (!buttons.length || !buttons[0].length) return;
    const line = Math.max(0, Math.min(buttons.length - 1, row));
    const place = Math.max(0, Math.min(buttons[0].length - 1, column));
    at = [line, place];
    buttons.forEach((others, r) => others.forEach((button, c) => { button.tabIndex = r === line && c === place ? 0 : -1; }));
    if (isFocused) buttons[line][place].focus();
  }
  table.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !event.target.closest("td button")) return;
    const move = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Home: [-at[0], 0], End: [1e6, 0] }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    aim(at[0] + move[0], at[1] + move[1], true);
  });
  table.addEventListener("focusin", (event) => {
    numbers().forEach((buttons, row) => { const column = buttons.indexOf(event.target); if (column >= 0) aim(row, column, false); });
  });

  function cell(column, tag) {
    const value = shown.values[column.name][tag];
    const text = column.isShare ? shareText(value) : figure(value);
    const bar = make("span", { class: column.isShare ? "tag-bar" : "tag-bar signed", "aria-hidden": "true" }, make("i"));
    const largest = column.isShare ? 1 : shown.scale;
    bar.firstChild.style.setProperty("--share", `${largest ? Math.min(100, 100 * Math.abs(value) / largest) : 0}%`);
    bar.classList.toggle("minus", value < 0);
    const title = `${shown.symbols[column.name](shown.tags[tag])} = ${fullFigure(value)}`;
    const canOpen = column.open && shown.canOpen !== false;
    const figureText = canOpen
      ? make("button", { type: "button", class: "figure", title, tabindex: "-1", click: () => column.open(tag) }, text)
      : make("span", { class: "figure", title }, text);
    const isOpen = shown.open && shown.open[0] === column.name && shown.open[1] === tag;
    if (isOpen && canOpen) figureText.setAttribute("aria-current", "true");
    return make("td", { class: column.isShare ? "share" : "score" }, make("span", { class: "tag-cell" }, bar, figureText));
  }

  function draw() {
    const { tags, order, chosen } = shown;
    const wasFocused = body.contains(document.activeElement);
    head.replaceChildren(make("th", { scope: "col" }, t("tags.tag")), ...columns.map((column) => make("th", { scope: "col" }, shown.heads[column.name])));
    let listed = isWhole ? order : order.slice(0, MOST_TAGS);
    if (chosen >= 0 && !listed.includes(chosen)) listed = [...listed, chosen];
    body.replaceChildren(...listed.map((tag) => {
      const name = make("th", { scope: "row" }, make("span", { class: "tag-name" }, tags[tag]));
      if (tag === chosen) name.append(make("b", { class: "tag-chosen" }, t("tags.chosen")));
      return make("tr", { class: tag === chosen ? "chosen" : null, "data-tag": tags[tag] }, name, ...columns.map((column) => cell(column, tag)));
    }));
    more.hidden = tags.length <= MOST_TAGS;
    more.textContent = isWhole ? t("tags.fewer") : t("tags.all", { count: tags.length });
    more.setAttribute("aria-expanded", String(isWhole));
    aim(at[0], at[1], wasFocused);
  }

  /**
   * Show values.
   *
   * tags     names; order, the numbers of tags from first to last row; chosen, the tag that is given, or −1
   * values   for each column a number by tag; heads, their titles; symbols, functions from a tag's name to a symbol
   * scale    the value of the longest bar of scores; open, column and tag of the open equation, or null
   */
  function update(values) {
    shown = values;
    draw();
  }

  return { element, update };
}
