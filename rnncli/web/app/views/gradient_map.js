// A map of epoch × distance: how much of a gradient is left so many tokens back, one row an epoch.
import { make, svg } from "../dom.js";
import { power, short } from "./chart.js";

export const LEAST = -6; // the power of ten from which on a share has no colour
const MOST = 3; // of a share above 1
const CELL = { width: 12, height: 12, left: 34, top: 4, bottom: 34, wide: 400 };

/** The colour of a share: its name in page.css and how much of it, in percent. */
function colour(share) {
  if (share === null || share === undefined) return ["--ground", 0];
  const exponent = share > 0 ? Math.log10(share) : LEAST;
  if (exponent > 0) return ["--first", Math.round(40 + 60 * Math.min(1, exponent / MOST))];
  return ["--accent", Math.round(100 * (1 - Math.max(LEAST, exponent) / LEAST))];
}

/** The scale of all maps. */
export function scale(t) {
  const exponents = [0, -1, -2, -3, -4, -5, -6];
  return make("div", { class: "legend map-scale" },
    make("span", {}, t("map.share")),
    ...exponents.map((exponent) => {
      const cell = make("span", { class: "map-key" });
      const [hue, strength] = colour(10 ** exponent);
      cell.style.setProperty("--hue", `var(${hue})`);
      cell.style.setProperty("--strength", `${strength}%`);
      return make("span", { class: "map-step" }, cell, exponent === LEAST ? `≤ ${power(exponent)}` : power(exponent));
    }));
}

/** A map: `element`, and `draw({ title, rows, epochs, reach })` with a row of shares, or null, for each epoch. */
export function createMap(t) {
  const title = make("figcaption", {});
  const picture = svg("svg", { class: "map", role: "img", tabindex: "0" });
  const said = make("p", { class: "cell-readout", role: "status" });
  const element = make("figure", { class: "chart" }, title, picture, said);
  let rows = [];
  let place = [0, 0];
  let mark = null;
  let size = { width: CELL.width, height: CELL.height };

  function say(row, column) {
    if (!rows[row] || column < 0 || column >= rows[row].length) return;
    place = [row, column];
    said.textContent = t("map.said", { epoch: row + 1, distance: column, share: short(rows[row][column]) });
    mark.setAttribute("x", CELL.left + column * size.width);
    mark.setAttribute("y", CELL.top + row * size.height);
    mark.setAttribute("visibility", "visible");
  }
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const factor = picture.viewBox.baseVal.width / box.width;
    say(Math.floor(((event.clientY - box.top) * factor - CELL.top) / size.height), Math.floor(((event.clientX - box.left) * factor - CELL.left) / size.width));
  });
  picture.addEventListener("focus", () => say(...place));
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const row = Math.max(0, Math.min(rows.length - 1, place[0] + step[0]));
    say(row, Math.max(0, Math.min((rows[row] || []).length - 1, place[1] + step[1])));
  });

  return {
    element,
    draw({ title: text, rows: shares, epochs, reach }) {
      rows = shares;
      title.replaceChildren(make("b", {}, text));
      const width = CELL.left + CELL.wide;
      size = { width: CELL.wide / Math.max(1, reach), height: Math.max(3, Math.min(16, 240 / Math.max(1, epochs))) };
      const bottom = CELL.top + Math.max(1, epochs) * size.height;
      picture.setAttribute("viewBox", `0 0 ${width} ${bottom + CELL.bottom}`);
      const parts = [];
      rows.forEach((row, r) => row.forEach((share, k) => {
        const cell = svg("rect", { x: CELL.left + k * size.width, y: CELL.top + r * size.height, width: size.width, height: size.height });
        const [hue, strength] = colour(share);
        cell.style.setProperty("--hue", `var(${hue})`);
        cell.style.setProperty("--strength", `${strength}%`);
        parts.push(cell);
      }));
      const every = Math.max(1, Math.ceil(epochs / 8));
      for (let r = 0; r < epochs; r += 1) {
        if ((r + 1) % every === 0 || r === 0) parts.push(svg("text", { x: CELL.left - 6, y: CELL.top + (r + 0.5) * size.height + 4, "text-anchor": "end" }, String(r + 1)));
      }
      for (let k = 0; k < reach; k += 5) parts.push(svg("text", { x: CELL.left + (k + 0.5) * size.width, y: bottom + 14, "text-anchor": "middle" }, String(k)));
      parts.push(svg("text", { x: CELL.left + CELL.wide / 2, y: bottom + 29, "text-anchor": "middle" }, t("train.distance")));
      parts.push(svg("rect", { class: "frame", x: CELL.left, y: CELL.top, width: CELL.wide, height: Math.max(1, epochs) * size.height }));
      mark = svg("rect", { class: "mark", width: size.width, height: size.height, visibility: "hidden" });
      picture.replaceChildren(...parts, mark);
      const last = rows.at(-1) || [];
      const told = [0, 5, 10, 15, 20].filter((k) => k < last.length).map((k) => t("map.said", { epoch: rows.length, distance: k, share: short(last[k]) }));
      picture.setAttribute("aria-label", [text, t("map.help"), ...told].join(". "));
      if (picture.matches(":focus")) say(...place);
    },
  };
}
