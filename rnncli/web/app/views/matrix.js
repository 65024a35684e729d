// What all tags rest on: a row for each target, a column for each token.
import { make } from "../dom.js";
import { article } from "./rests.js";

const DENSE = 16; // tokens above which cells show their colour alone

function matrix(rests, n) {
  const { t } = rests;
  const panel = rests.panels[n];
  const { tokens } = panel;
  const isDense = tokens.length > DENSE;
  const rows = tokens.map((token, target) => make("tr", {},
    make("th", { scope: "row" }, make("button", { type: "button", click: () => rests.aim(n, target) }, `${token.text} `, make("i", {}, token.tag))),
    tokens.map(() => make("td"))));
  const body = make("tbody", {}, rows);
  const table = make("table", { class: isDense ? "matrix dense" : "matrix" },
    make("thead", {}, make("tr", {}, make("td"), tokens.map((token) => make("th", { scope: "col" }, make("span", {}, token.text))))), body);
  const said = make("p", { class: "cell-readout" });
  table.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("tbody td");
    if (!cell) return;
    const target = cell.parentNode.sectionRowIndex;
    const place = cell.cellIndex - 1;
    said.textContent = t("matrix.cell", { tag: tokens[target].tag, target: tokens[target].text, word: tokens[place].text, value: rests.shown(rests.values(n, target)[place]) });
  });
  rests.subscribe((changed, all) => {
    if (changed !== n) return;
    rows.forEach((row, target) => {
      row.classList.toggle("target", target === rests.targets[n]);
      if (all) rests.values(n, target).forEach((value, place) => {
        const cell = row.cells[place + 1];
        const shown = rests.shown(value);
        rests.shade(cell, value);
        cell.replaceChildren(isDense ? make("span", { class: "unseen" }, shown) : shown);
      });
    });
  });
  return article(panel, make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": panel.name ? t("matrix.of", { name: panel.name }) : t("matrix.all") }, table), said);
}

export function matrices(rests) {
  return rests.panels.map((_, n) => matrix(rests, n));
}
