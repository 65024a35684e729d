// The numbers of one vector as a strip of cells: one Tab stop, read with the pointer or the arrow keys, opened by a
// click or Enter. The upper part of a cell is the value at the step read before, the lower part the value now.
import { make, number } from "../dom.js";

const MOST_WITH_NUMBERS = 16; // units; a longer strip shows colours, and the number of one cell at a time
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
let strips = 0;

/** A number for people: whole numbers stay whole, as in an example computed by hand; very small ones keep a digit. */
export function figure(value, sign = false) {
  if (value === null || value === undefined) return "–";
  const plus = sign && value > 0 ? "+" : "";
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return plus + String(value).replace("-", "−");
  if (Math.abs(value) < 0.005) return plus + value.toExponential(1).replaceAll("-", "−");
  return number(value, sign);
}

/** A number with all its digits. */
export const fullFigure = (value) => String(value).replaceAll("-", "−");

export const subscript = (count) => String(count).replace(/\d/g, (digit) => SUBSCRIPTS[digit]);

/** A vector as text: [4, 4]. */
export const vectorText = (values) => `[${values.map((value) => figure(value)).join(", ")}]`;

/** The colour of a value for the style of a cell: blue below 0, orange above, the stronger the larger. */
function tint(name, value, scale) {
  const share = scale ? Math.round(100 * Math.min(1, Math.abs(value) / scale)) : 0;
  return `--${name}:${share}%;--${name}-hue:var(--${value < 0 ? "minus" : "plus"});`;
}

/**
 * A strip.
 *
 * t      gives texts
 * open   is called with the number of a unit, from 0
 */
export function createStrip(t, open) {
  const id = `strip-${(strips += 1)}`;
  const title = make("span", { class: "strip-title", id: `${id}-title` });
  const reach = make("span", { class: "strip-reach", title: t("strip.reach") }); // what the strongest colour means
  const said = make("span", { class: "strip-said" });
  const cells = make("div", { class: "strip-cells", role: "listbox", tabindex: "0", "aria-orientation": "horizontal", "aria-labelledby": `${id}-title` });
  const element = make("div", { class: "strip" }, make("div", { class: "strip-head" }, make("span", {}, title, " ", reach), said), cells);
  let shown = { values: [], before: null, symbol: "", place: "" };
  let at = 0;

  const nameOf = (unit) => `${shown.symbol}${subscript(unit + 1)}${shown.place}`;
  function say(unit) {
    const now = figure(shown.values[unit]);
    const before = shown.before ? t("strip.before", { value: figure(shown.before[unit]) }) : "";
    said.textContent = `${nameOf(unit)} = ${now}${before}`;
  }
  function leave() {
    if (cells.matches(":focus")) return;
    cells.children[at]?.classList.remove("aimed");
    said.textContent = "";
  }
  function aim(unit) {
    cells.children[at]?.classList.remove("aimed");
    at = Math.max(0, Math.min(shown.values.length - 1, unit));
    const cell = cells.children[at];
    if (!cell) return;
    cell.classList.add("aimed");
    cells.setAttribute("aria-activedescendant", cell.id);
    say(at);
  }
  const unitOf = (target) => [...cells.children].indexOf(target.closest(".strip-cell"));
  const perRow = () => getComputedStyle(cells).gridTemplateColumns.split(" ").length;

  cells.addEventListener("pointerover", (event) => { if (unitOf(event.target) >= 0) aim(unitOf(event.target)); });
  cells.addEventListener("pointerleave", leave);
  cells.addEventListener("focus", () => aim(at));
  cells.addEventListener("blur", leave);
  cells.addEventListener("click", (event) => { if (unitOf(event.target) >= 0) open(unitOf(event.target)); });
  cells.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + perRow(), ArrowUp: at - perRow(), Home: 0, End: shown.values.length - 1 }[event.key];
    if (to !== undefined) aim(to);
    else if (event.key === "Enter" || event.key === " ") open(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  /** Cells for so many units; those that are there already stay, so that focus stays. */
  function fit(count) {
    if (cells.children.length !== count) cells.replaceChildren();
    while (cells.children.length < count) {
      const cell = make("span", { class: "strip-cell", role: "option", id: `${id}-${cells.children.length}`, "aria-selected": "false" });
      if (count <= MOST_WITH_NUMBERS) cell.append(make("span", { class: "strip-was", "aria-hidden": "true" }), make("span", { class: "strip-now" }));
      cells.append(cell);
    }
    for (const most of [32, 64, 128]) cells.style.setProperty(`--per-${most}`, String(Math.max(1, Math.ceil(count / Math.ceil(count / most)))));
    element.classList.toggle("few", count <= MOST_WITH_NUMBERS);
  }

  /**
   * Show values.
   *
   * symbol  of the vector, such as h, and its place, such as (3); label, the strip's name for people
   * before  the values at the step read before, or null
   * scale   the value of the strongest colour
   * chosen  the unit whose equation is open, or −1
   */
  function update({ label, symbol, place, values, before = null, scale, chosen = -1 }) {
    shown = { values, before, symbol, place };
    fit(values.length);
    const hasNumbers = values.length <= MOST_WITH_NUMBERS;
    title.textContent = label;
    reach.textContent = scale === 1 ? "" : `± ${figure(scale)}`;
    reach.hidden = hasNumbers;
    element.classList.toggle("has-before", before !== null);
    values.forEach((value, unit) => {
      const cell = cells.children[unit];
      cell.style.cssText = tint("now", value, scale) + (before ? tint("was", before[unit], scale) : "");
      const said = `${nameOf(unit)} = ${fullFigure(value)}${before ? t("strip.before", { value: fullFigure(before[unit]) }) : ""}`;
      cell.title = said;
      if (hasNumbers) {
        cell.firstChild.textContent = before ? figure(before[unit]) : "";
        cell.lastChild.textContent = figure(value);
      } else cell.setAttribute("aria-label", said);
      const isOpen = unit === chosen;
      if (cell.classList.contains("open") === isOpen) return;
      cell.classList.toggle("open", isOpen);
      cell.setAttribute("aria-selected", String(isOpen));
    });
    at = Math.max(0, Math.min(values.length - 1, chosen >= 0 && !cells.matches(":focus") ? chosen : at));
    if (cells.children[at]) cells.setAttribute("aria-activedescendant", cells.children[at].id);
    if (cells.matches(":focus")) say(at);
    else said.textContent = "";
  }

  return { element, update };
}
