// Quantities of a network, such as "layer 1 forward/h": their names for people and their values at a step.
import { subscript } from "./strip.js";

const letters = { input: "i", forget: "f", candidate: "g", output: "o", reset: "r", update: "z", h: "h", state: "c" };
const parts = ["embedding", "ngram", "context", "vectors", "lexicon", "onehot"];

/** "layer 1 forward/h" as ["layer 1 forward", "h"]. */
export function splitName(what) {
  const cut = what.lastIndexOf("/");
  return [what.slice(0, cut), what.slice(cut + 1)];
}

/** A layer and direction: "layer 1 forward" in the reader's language. */
export function layerName(t, name) {
  const [, number, direction] = /^layer (\d+)(?: (forward|backward))?$/.exec(name) || [];
  if (!number) return name;
  return t(direction ? `steps.layer.${direction}` : "steps.layer", { number });
}

/** The letter of a gate, the state or h in the equations. */
export const letterOf = (cell, gate) => (cell === "gru" && gate === "candidate" ? "n" : letters[gate] || gate);

/** A part of the input: words, letter n-grams, … */
export function partName(t, name) {
  const [, column] = /^column(\d+)$/.exec(name) || [];
  if (column) return t("steps.part.column", { number: column });
  return parts.includes(name) ? t(`steps.part.${name}`) : name;
}

/** A quantity: "h of layer 1, forward". */
export function quantityName(t, what) {
  const [place, name] = splitName(what);
  if (place === "input") return partName(t, name);
  if (place === "window") return t(`steps.quantity.window.${name}`);
  if (place === "output") return t(`steps.quantity.output.${name}`);
  return t("steps.quantity.of", { quantity: name === "h" ? t("steps.h") : t(`steps.gate.${name}`), layer: layerName(t, place) });
}

/** The symbol of one number, as the library writes it: h₁₇(3), o[B-date](3). */
export function symbolOf(what, step, unit, tags) {
  const [place, name] = splitName(what);
  if (place === "output") return `${name === "y" ? "ŷ" : "o"}[${tags[unit]}](${step + 1})`;
  return `${name}${subscript(unit + 1)}(${step + 1})`;
}

/** The values of a quantity in the document of a step; undefined where it has none. */
export function valuesOf(document, what) {
  const [place, name] = splitName(what);
  if (place === "input") return document.inputs.find((part) => part.name === name)?.vector;
  if (place === "window") return document.added?.[name];
  if (place === "output") return { o: document.scores, y: document.softmax }[name];
  const layer = document.layers.find((one) => one.name === place);
  return name === "h" || name === "state" ? layer?.[name] : layer?.gates[name];
}
