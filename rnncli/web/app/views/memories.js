// Memories as maps: a column for each token, a row for each unit, named by what it tells apart.
import { make, number, painted, rgb } from "../dom.js";
import { article, legend, subheading } from "./rests.js";

const MOST_LISTED = 12; // saturated or dead units that are listed
const MOST_ROWS = 8; // units with a row of their own

function paint({ canvas, values, scale, order }) {
  const [low, high] = scale;
  const largest = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const middle = rgb("--card"), plus = rgb("--plus"), minus = rgb("--minus");
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  values.forEach((units, t) => order.forEach((unit, y) => {
    const share = Math.min(1, Math.abs(units[unit]) / largest);
    const end = units[unit] < 0 ? minus : plus;
    const at = 4 * (y * canvas.width + t);
    for (let part = 0; part < 3; part++) image.data[at + part] = Math.round(middle[part] + share * (end[part] - middle[part]));
    image.data[at + 3] = 255;
  }));
  context.putImageData(image, 0, 0);
}

/** A map of some units of a memory, read with the pointer or the arrow keys; with `names`, each row has one. */
function map({ t, panel, memory, scale, units, names = null }) {
  const count = panel.tokens.length;
  const said = make("p", { class: "cell-readout", role: "status" });
  const at = { t: 0, y: 0 };
  const move = (place, row) => {
    at.t = Math.max(0, Math.min(count - 1, place));
    at.y = Math.max(0, Math.min(units.length - 1, row));
    const unit = units[at.y];
    said.textContent = t(memory.units.tags ? "memories.cell_tag" : "memories.cell", {
      unit: unitName(t, memory, unit), word: panel.tokens[at.t].text, value: number(memory.values[at.t][unit], true),
    });
  };
  const canvas = make("canvas", {
    width: count, height: units.length, tabindex: "0", role: "img", "aria-label": t(memory.units.tags ? "memories.map_tags" : "memories.map", { name: memory.name, units: units.length, tokens: count }),
    focus: () => move(at.t, at.y),
    pointermove: (event) => {
      const box = canvas.getBoundingClientRect();
      move(Math.floor((event.clientX - box.left) / box.width * count), Math.floor((event.clientY - box.top) / box.height * units.length));
    },
    keydown: (event) => {
      const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
      if (!way) return;
      event.preventDefault();
      move(at.t + way[0], at.y + way[1]);
    },
  });
  const element = make("div", { class: names ? "memory-map named" : "memory-map" },
    make("div", { class: count > 12 ? "axis dense" : "axis", "aria-hidden": "true" }, panel.tokens.map((token) => make("span", {}, token.text))),
    names && make("ul", { class: "map-names" }, names.map((name) => make("li", { title: name, dir: "auto" }, name))),
    canvas);
  if (names) element.style.setProperty("--rows", String(names.length));
  else canvas.style.setProperty("height", `${Math.max(48, Math.min(units.length * 3, 420))}px`);
  painted(canvas, () => paint({ canvas, values: memory.values, scale, order: units }));
  return [element, make("div", { class: "foot" }, make("div", { class: "legend" }, legend(scale[0], scale[1], scale[0] < 0)), said)];
}

/** What a unit tells apart, or the tag that it is, with its number. */
function unitName(t, { units }, unit) {
  if (units.tags) return units.tags[unit];
  const pair = units.apart[unit];
  return pair ? t("memories.apart", { unit: unit + 1, high: pair[0], low: pair[1] }) : String(unit + 1);
}

/** The units with the first of each two types on top, then others that tell two apart; of an output the most probable tags. */
function namedFirst(memory, alike) {
  const { order, apart, tags } = memory.units;
  if (tags) {
    const most = tags.map((_, tag) => Math.max(...alike.flatMap((other) => other.values.map((values) => values[tag]))));
    return [...order].sort((one, two) => most[two] - most[one] || one - two);
  }
  const firsts = new Map();
  for (const unit of order) {
    const key = apart[unit] && [...apart[unit]].sort().join("\n");
    if (key && !firsts.has(key)) firsts.set(key, unit);
  }
  const isFirst = new Set(firsts.values());
  const rank = (unit) => (isFirst.has(unit) ? 0 : apart[unit] ? 1 : 2);
  return [...order].sort((one, two) => rank(one) - rank(two)); // a sort keeps the order of equals
}

/** A memory: its first units with their names; further units, and those that hardly say anything, are folded away. */
function memoryBox(t, panel, memory, scale, alike) {
  const { order, separation, saturated, dead, tags } = memory.units;
  const named = (units) => (units.length ? units.slice(0, MOST_LISTED).map((unit) => unit + 1).join(", ") + (units.length > MOST_LISTED ? t("memories.more", { count: units.length - MOST_LISTED }) : "") : t("memories.none"));
  const best = order.slice(0, 3).map((unit) => `${unit + 1} (${separation[unit].toFixed(2)})`).join(", ");
  const shown = namedFirst(memory, alike).slice(0, MOST_ROWS);
  const count = order.length;
  const isWhole = shown.length === count;
  return make("div", { class: "memory" }, subheading(panel.name, memory.name),
    make("p", { class: "units" }, t(tags ? "memories.fed_back" : isWhole ? "memories.all" : "memories.some", { shown: shown.length, count })),
    map({ t, panel, memory, scale, units: shown, names: shown.map((unit) => unitName(t, memory, unit)) }),
    !tags && make("details", {}, make("summary", {}, t("memories.details", { count })),
      make("p", { class: "units" }, t("memories.units", { best, saturated: named(saturated), dead: named(dead) })),
      make("p", { class: "units" }, t("memories.explained")),
      !isWhole && map({ t, panel, memory, scale, units: order })));
}

/** A box for each panel. One scale for the hidden layers of all panels, and one for their outputs. */
export function memories(t, panels) {
  const all = panels.flatMap((panel) => panel.memories);
  const scaleOf = (memory) => {
    const alike = all.filter((other) => (other.name === "output") === (memory.name === "output"));
    return [Math.min(...alike.map((other) => other.scale[0])), Math.max(...alike.map((other) => other.scale[1]))];
  };
  const sameTags = (memory) => all.filter((other) => other.name === memory.name && String(other.units.tags) === String(memory.units.tags));
  return panels.map((panel) => article(panel, panel.memories.length
    ? panel.memories.map((memory) => memoryBox(t, panel, memory, scaleOf(memory), sameTags(memory)))
    : make("p", { class: "units" }, t("memories.nothing"))));
}
