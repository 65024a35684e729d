// Where two texts part: tokens, memories, tags.
import { make, number } from "../dom.js";
import { scrolling } from "./tables.js";

/** For each memory a value for each place of the alignment; null where one text has no token. */
export function distancesByPlace(doc) {
  return doc.distances.map(({ values }) => {
    let next = 0;
    return doc.alignment.map((pair) => (pair.includes(null) ? null : values[next++]));
  });
}

/** What the document says in sentences, as elements of a list. */
export function verdict(t, doc) {
  const values = distancesByPlace(doc);
  const at = (n, key) => {
    const sides = doc.alignment[n].map((token, side) => (token === null ? t("parting.nothing") : doc.texts[side].tokens[token][key]));
    return sides[0] === sides[1] ? sides[0] : sides.join(" | ");
  };
  const { tokens, memories, decision } = doc.parts_at;
  const lines = [tokens === null ? t("parting.same") : t("parting.tokens", { at: at(tokens, "text") })];
  memories.forEach(({ name, first, far }, n) => {
    if (first === null) lines.push(t("parting.memory_same", { name }));
    else lines.push(t(far === first ? "parting.memory_at_once" : "parting.memory", { name, first: at(first, "text"), far: at(far, "text"), value: number(values[n][first]) }));
  });
  return make("ul", { class: "verdict" }, lines.map((line) => make("li", {}, line)),
    decision === null ? make("li", {}, t("parting.no_decision")) : make("li", { class: "decision" }, t("parting.decision", { at: at(decision, "text"), tags: at(decision, "tag") })));
}

/** Both texts, token by token, with the distances of their memories. */
export function sideBySide(t, doc) {
  const [a, b] = doc.texts;
  const values = distancesByPlace(doc);
  const largest = values.map((all) => all.reduce((most, value) => Math.max(most, value || 0), 0));
  const cell = (value, m) => {
    if (value === null) return make("td");
    const bar = make("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("width", `${largest[m] ? 5 * value / largest[m] : 0}rem`);
    return make("td", {}, bar, number(value));
  };
  const rows = doc.alignment.map(([i, j], n) => {
    const pair = [i === null ? null : a.tokens[i], j === null ? null : b.tokens[j]];
    const differs = pair[0] && pair[1] && pair[0].tag !== pair[1].tag;
    return make("tr", { class: differs ? "differs" : null }, pair.map((token) => [make("td", {}, token ? token.text : ""), make("td", {}, token ? token.tag : "")]).flat(), values.map((all, m) => cell(all[n], m)));
  });
  const headers = ["a", t("parting.tag"), "b", t("parting.tag"), ...doc.distances.map(({ name }) => t("parting.distance", { name }))];
  return scrolling(t("parting.side_by_side"), make("table", { class: "plain" },
    make("thead", {}, make("tr", {}, headers.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, rows)));
}
