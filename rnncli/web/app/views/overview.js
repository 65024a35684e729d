// All steps of a network that is small enough to be computed by hand: a column for each token, a row for each vector.
import { make } from "../dom.js";
import { partName, quantityName, valuesOf } from "./names.js";
import { vectorText } from "./strip.js";

const MOST_UNITS = 4; // of each vector
const MOST_STEPS = 24;

export function createOverview(app) {
  const { t } = app;
  const head = make("tr");
  const body = make("tbody");
  const element = make("div", { class: "overview scroll", role: "region", tabindex: "0", "aria-label": t("steps.overview") },
    make("table", {}, make("thead", {}, head), body));

  function update({ known, tokens, tags, state }) {
    const documents = tokens.map((_, step) => known.get(step));
    const first = documents[0];
    const isSmall = first && tags.length <= MOST_UNITS && first.layers.every((layer) => layer.h.length <= MOST_UNITS);
    element.hidden = !isSmall || tokens.length > MOST_STEPS || documents.some((document) => !document);
    if (element.hidden) return;
    const time = (step) => (step === state.step ? "now" : step < state.step ? "read" : "coming");
    const line = (name, textOf) => make("tr", {}, make("th", { scope: "row" }, name), documents.map((document, step) => make("td", { class: time(step) }, textOf(document))));
    const inputs = first.inputs.filter((part) => part.vector.length && part.vector.length <= MOST_UNITS);
    head.replaceChildren(make("th", { scope: "col" }, t("steps.slider")), ...tokens.map((_, step) => make("th", { scope: "col", class: time(step) }, String(step + 1))));
    body.replaceChildren(
      line(t("steps.token"), (document) => document.token),
      ...inputs.map((part) => line(partName(t, part.name), (document) => vectorText(valuesOf(document, `input/${part.name}`)))),
      ...first.layers.map((layer) => line(quantityName(t, `${layer.name}/h`), (document) => vectorText(valuesOf(document, `${layer.name}/h`)))),
      line("o", (document) => vectorText(document.scores)),
      line(t("tags.tag"), (document) => document.tag));
  }

  return { element, update };
}
