// What tags rest on: the panels of a document, the measure and the targets that all drawings of it share.
import { make, number } from "../dom.js";

export const measures = ["ablation", "contribution", "gradient"];

/** Each text under each model is a panel; with two models those of one text follow each other. */
export function panelsOf(doc, names) {
  const texts = doc.texts.flatMap((text, n) => (doc.compare ? [text, doc.compare.texts[n]] : [text]));
  return texts.map((text, n) => ({ ...text, name: names[n] || "" }));
}

/**
 * panels   with `connectivity`
 * twins    whether two panels that follow each other are one text under two models
 * measure  at first, and `chosen`, the target of each panel; −1 for the first span
 * onMeasure(name), onTarget(n, target)  are called with another measure, or another target of panel n
 */
export function createRests(t, panels, { twins = false, measure = "ablation", chosen = [], onMeasure, onTarget } = {}) {
  // One scale for all panels, so that they can be compared.
  const scales = Object.fromEntries(measures.map((name) => [name, panels.reduce((largest, panel) =>
    panel.connectivity[name].flat().reduce((most, value) => Math.max(most, Math.abs(value || 0)), largest), 0)]));
  const listeners = [];
  const rests = {
    t,
    panels,
    measure,
    targets: panels.map((panel, n) => (chosen[n] >= 0 ? Math.min(chosen[n], panel.tokens.length - 1) : panel.spans[0]?.start ?? 0)),
    get isSigned() { return rests.measure !== "gradient"; },
    get scale() { return scales[rests.measure]; },
    /** The place of a target in the rows of a panel; −1 where it has none. */
    rowOf: (n, target) => panels[n].connectivity.targets.indexOf(target),
    values: (n, target) => panels[n].connectivity[rests.measure][rests.rowOf(n, target)] || [],
    shown: (value) => number(value, rests.isSigned),
    shade(element, value) {
      const share = rests.scale ? Math.min(1, Math.abs(value || 0) / rests.scale) : 0;
      element.style.setProperty("--strength", `${Math.round(100 * share)}%`);
      element.classList.toggle("minus", value < 0);
    },
    choose(name) {
      rests.measure = name;
      onMeasure?.(name);
      panels.forEach((_, n) => listeners.forEach((listener) => listener(n, true)));
    },
    /** Make a token the target of its panel, and of the same text under the other model. */
    aim(n, place) {
      const target = Math.max(0, Math.min(panels[n].tokens.length - 1, place));
      for (const panel of twins ? [n, n ^ 1] : [n]) {
        rests.targets[panel] = target;
        listeners.forEach((listener) => listener(panel, false));
      }
      onTarget?.(n, target);
    },
    /** `listener(n, all)`: panel n has another target, or, with `all`, also other values. It is called at once. */
    subscribe(listener) {
      listeners.push(listener);
      panels.forEach((_, n) => listener(n, true));
    },
  };
  return rests;
}

/** The ends of a scale of colours. */
export function legend(low, high, isSigned) {
  return [make("span", {}, number(low, isSigned)), make("span", { class: low < 0 ? "ramp signed" : "ramp" }), make("span", {}, number(high, isSigned))];
}

/** The choice of a measure, what it means, and its scale. */
export function measureChoice(rests) {
  const { t } = rests;
  const explained = make("p", { class: "explained" });
  const scale = make("div", { class: "legend" });
  const choice = make("fieldset", { class: "measures" }, make("legend", {}, t("rests.measure")), measures.map((name) =>
    make("label", {}, make("input", { type: "radio", name: "measure", value: name, checked: name === rests.measure, change: () => rests.choose(name) }), make("span", {}, t(`measure.${name}`)))));
  rests.subscribe((n, all) => {
    if (n || !all) return;
    explained.textContent = t(`measure.${rests.measure}.explained`);
    scale.replaceChildren(...legend(rests.isSigned ? -rests.scale : 0, rests.scale, rests.isSigned));
  });
  return [choice, explained, scale];
}

/** A box with the name of its panel. */
export function article(panel, ...children) {
  return make("article", { class: "panel" }, panel.name && make("h3", {}, panel.name), ...children);
}

/** The heading of a part of such a box, one level below the box's own. */
export function subheading(name, text) {
  return name ? make("h4", {}, text) : make("h3", { class: "sub" }, text);
}
