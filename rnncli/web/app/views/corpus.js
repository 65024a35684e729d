// What a labelled corpus shows about models as a whole.
import { make, number } from "../dom.js";
import { chart } from "./chart.js";
import { subheading } from "./rests.js";
import { numbersTable, scrolling } from "./tables.js";

function contexts(t, { unit, memory, up, down }) {
  const rows = [...up, ...down].map(({ value, before, token, after, tag, line }) => make("tr", {},
    make("td", { class: "number" }, number(value, true)), make("td", { class: "before" }, before.join(" ")), make("td", { class: "hit" }, token),
    make("td", { class: "after" }, after.join(" ")), make("td", {}, tag), make("td", { class: "number" }, String(line))));
  const headers = ["value", "before", "token", "after", "tag", "line"].map((name) => make("th", { scope: "col" }, t(`corpus.${name}`)));
  return make("article", { class: "panel" }, make("h3", {}, t("corpus.drives", { unit: unit + 1, memory })),
    scrolling(t("corpus.contexts"), make("table", { class: "contexts" }, make("thead", {}, make("tr", {}, headers)), make("tbody", {}, rows))));
}

// The axis begins where the curves need it to.
function shares({ series, at = null, ...options }) {
  const least = Math.min(...series.flatMap(([, values]) => values.filter((value) => value !== null)));
  const lines = series.map(([name, values]) => ({ name, points: values.map((value, n) => [at ? at[n] : n, value]) }));
  return chart({ ...options, lines, range: [least > 0.5 ? Math.floor(10 * least) / 10 : 0, 1] });
}

function whole(t, { decay, needed }, name, width) {
  const { half_life: halfLife, ablation, gradient } = decay.overall;
  const tokens = (value) => (value === null ? t("corpus.none") : t("corpus.tokens", { value: value.toFixed(1) }));
  const box = make("article", { class: "panel" }, name && make("h3", {}, name),
    subheading(name, t("corpus.decay")),
    make("p", { class: "units" }, t("corpus.half_life", { before: tokens(halfLife.ablation.before), after: tokens(halfLife.ablation.after) })),
    shares({ label: t("corpus.by_distance"), at: decay.lags, start: decay.lags[0], series: [[t("measure.ablation"), ablation], [t("measure.gradient"), gradient]], x: t("corpus.lag"), width }),
    numbersTable([t("corpus.tag"), t("corpus.half_before"), t("corpus.half_after")],
      Object.entries(decay.tags).map(([tag, curve]) => [tag, number(curve.half_life.ablation.before), number(curve.half_life.ablation.after)])));
  for (const side of ["before", "after"]) {
    if (!needed[side]) continue;
    const { settled, agreement, accuracy } = needed[side].overall;
    box.append(subheading(name, t(`corpus.needed_${side}`)),
      make("p", { class: "units" }, settled === null ? t("corpus.unsettled") : t("corpus.settled", { count: settled })),
      shares({
        label: t(`corpus.agreement_${side}`), names: needed.k.map((k) => (k === null ? t("corpus.all") : String(k))),
        series: [[t("corpus.agreement"), agreement], ...(accuracy ? [[t("corpus.accuracy"), accuracy]] : [])], x: t("corpus.k"), width,
      }));
  }
  return box;
}

/** A box for each model of a document with `corpus`; `width` of the charts, px. */
export function corpus(t, doc, names, width) {
  const models = doc.compare ? [doc, doc.compare] : [doc];
  return [...models.map((model, n) => whole(t, model.corpus, names[n], width)), ...(doc.corpus.unit ? [contexts(t, doc.corpus.unit)] : [])];
}
