// A text with its labels, while it is typed.
import { make, percent } from "../dom.js";

const NBEST = 5;

export function create(app) {
  const { t, source } = app;
  const sentence = make("div", { class: "labelled", role: "group", "aria-label": t("label.tokens") });
  const said = make("p", { class: "readout", role: "status" });
  const best = make("ol", { class: "nbest" });
  const element = make("section", { "aria-label": t("view.label") }, sentence, said, make("h2", {}, t("label.nbest")), best);

  function draw(tagged) {
    app.problem(null);
    const spans = [...tagged.spans];
    const groups = [];
    for (const token of tagged.tokens) {
      while (spans.length && spans[0].end <= token.start) spans.shift();
      const span = spans.length && spans[0].start <= token.start ? spans[0] : null;
      const last = groups.at(-1);
      if (span && last && last.span === span) last.tokens.push(token);
      else groups.push({ span, tokens: [token] });
    }
    sentence.replaceChildren(...groups.map(({ span, tokens }) => make("span", { class: span ? "run span" : "run" },
      make("span", { class: "tokens" }, tokens.map((token) => make("span", { class: "token", title: `${token.tag} ${token.probability}` },
        make("span", { class: "word", dir: "auto" }, token.text), make("span", { class: "value" }, percent(token.probability))))),
      span && make("span", { class: "type" }, span.type || "span"))));
    said.textContent = tagged.tokens.length ? t("label.count", { tokens: tagged.tokens.length, spans: tagged.spans.length }) : t("label.empty");
    best.replaceChildren(...(tagged.nbest || []).map(({ tags, probability }) => make("li", {}, `${percent(probability)}: ${tags.join(" ")}`)));
  }

  return {
    element,
    update(state, before) {
      if (state.text === before.text && state.model === before.model) return;
      source.tag({ text: state.text, model: state.model, nbest: NBEST }).then(draw, app.problem);
    },
  };
}
