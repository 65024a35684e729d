// Memories as maps: a column for each token, a row for each unit.
import { make, number, painted, rgb } from "../dom.js";
import { article, legend, subheading } from "./rests.js";

const MOST_NAMED = 12; // units in a list

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

function map(t, panel, memory, scale) {
  const { order, separation, saturated, dead } = memory.units;
  const count = panel.tokens.length;
  const named = (units) => (units.length ? units.slice(0, MOST_NAMED).map((unit) => unit + 1).join(", ") + (units.length > MOST_NAMED ? t("memories.more", { count: units.length - MOST_NAMED }) : "") : t("memories.none"));
  const best = order.slice(0, 3).map((unit) => `${unit + 1} (${separation[unit].toFixed(2)})`).join(", ");
  const said = make("p", { class: "cell-readout", role: "status" });
  const at = { t: 0, y: 0 };
  const move = (place, row) => {
    at.t = Math.max(0, Math.min(count - 1, place));
    at.y = Math.max(0, Math.min(order.length - 1, row));
    said.textContent = t("memories.cell", { unit: order[at.y] + 1, word: panel.tokens[at.t].text, value: number(memory.values[at.t][order[at.y]], true) });
  };
  const canvas = make("canvas", {
    width: count, height: order.length, tabindex: "0", role: "img", "aria-label": t("memories.map", { name: memory.name, units: order.length, tokens: count }),
    focus: () => move(at.t, at.y),
    pointermove: (event) => {
      const box = canvas.getBoundingClientRect();
      move(Math.floor((event.clientX - box.left) / box.width * count), Math.floor((event.clientY - box.top) / box.height * order.length));
    },
    keydown: (event) => {
      const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
      if (!way) return;
      event.preventDefault();
      move(at.t + way[0], at.y + way[1]);
    },
  });
  canvas.style.setProperty("height", `${Math.max(48, Math.min(order.length * 3, 420))}px`);
  painted(canvas, () => paint({ canvas, values: memory.values, scale, order }));
  return make("div", { class: "memory" }, subheading(panel.name, memory.name),
    make("p", { class: "units" }, t("memories.units", { count: order.length, best, saturated: named(saturated), dead: named(dead) })),
    make("div", { class: count > 12 ? "axis dense" : "axis", "aria-hidden": "true" }, panel.tokens.map((token) => make("span", {}, token.text))),
    canvas, make("div", { class: "foot" }, make("div", { class: "legend" }, legend(scale[0], scale[1], scale[0] < 0)), said));
}

/** A box for each panel. One scale for the hidden layers of all panels, and one for their outputs. */
export function memories(t, panels) {
  const scaleOf = (memory) => {
    const alike = panels.flatMap((panel) => panel.memories).filter((other) => (other.name === "output") === (memory.name === "output"));
    return [Math.min(...alike.map((other) => other.scale[0])), Math.max(...alike.map((other) => other.scale[1]))];
  };
  return panels.map((panel) => article(panel, panel.memories.length
    ? panel.memories.map((memory) => map(t, panel, memory, scaleOf(memory)))
    : make("p", { class: "units" }, t("memories.nothing"))));
}
