// A text with its labels, while it is typed.
import { make, moved, percent } from "../dom.js";
import { run } from "./sentences.js";

export const NBEST = 5;
const DENSE = 120; // tokens above which their probabilities are only shown on demand
const KINDS = 6; // colours of spans in page.css

/** The tokens of a labelled text by span: as groupsOf of sentences.js, from offsets of characters. */
function grouped({ tokens, spans }) {
  const groups = [];
  let next = 0;
  tokens.forEach((token, n) => {
    while (next < spans.length && spans[next].end <= token.start) next++;
    const span = next < spans.length && spans[next].start <= token.start ? spans[next] : null;
    const last = groups.at(-1);
    if (span && last?.span === span) last.tokens.push([n, token]);
    else groups.push({ span, tokens: [[n, token]] });
  });
  return groups;
}

/** The number of the colour of each type of a model's tags. */
function kinds(tags) {
  const types = [...new Set(tags.filter((tag) => tag !== "O").map((tag) => tag.replace(/^[A-Z]-/, "")))];
  return (type) => Math.max(0, types.indexOf(type)) % KINDS;
}

export function create(app) {
  const { t, source } = app;
  const sentence = make("div", { class: "sentence labelled", role: "group", "aria-label": t("label.tokens") });
  const said = make("p", { class: "readout", role: "status" });
  const best = make("div");
  const element = make("section", { class: "view-label", "aria-label": t("view.label") }, sentence, said, best);
  let buttons = [];

  function point(tokens, place) {
    const { text, tag, probability } = tokens[place];
    buttons.forEach((button, n) => { button.tabIndex = n === place ? 0 : -1; });
    said.textContent = t("label.token", { text, tag, probability: percent(probability), full: probability });
  }

  function draw(tagged) {
    app.problem(null);
    const { tokens, spans, nbest = [] } = tagged;
    const model = app.models.find(({ name }) => name === app.state.model);
    const kind = kinds(model?.tags || []);
    buttons = [];
    sentence.classList.toggle("dense", tokens.length > DENSE);
    sentence.replaceChildren(...grouped(tagged).map((group) => {
      const element = run(group, (token, n) => {
        const show = () => point(tokens, n);
        buttons[n] = make("button", { type: "button", class: "token", tabindex: n ? "-1" : "0", title: `${token.tag} ${token.probability}`, pointerenter: show, focus: show, click: show },
          make("span", { class: "word", dir: "auto" }, token.text), make("span", { class: "value" }, percent(token.probability)), make("span", { class: "unseen" }, token.tag));
        return buttons[n];
      });
      if (group.span) {
        element.classList.add(`kind-${kind(group.span.type)}`);
        element.title = `${group.span.type || "span"} ${group.span.probability}`;
      }
      return element;
    }));
    said.textContent = tokens.length ? t("label.count", { tokens: tokens.length, spans: spans.length }) : t("label.empty");
    const rows = nbest.length > 1 && tokens.length ? nbest : [];
    best.replaceChildren(...(rows.length ? [make("h2", {}, t("label.nbest")), make("ol", { class: "nbest" }, rows.map((reading, n) => line(tokens, rows[0], reading, n)))] : []));
  }

  /** How another labelling differs from the best. */
  function line(tokens, first, { tags, probability }, n) {
    const differences = [...tags.keys()].filter((place) => tags[place] !== first.tags[place]);
    const bar = make("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("width", `${Math.max(0.1, 6 * probability)}rem`);
    const text = n ? differences.slice(0, 8).map((place) => t("label.differs", { word: tokens[place].text, tag: tags[place], first: first.tags[place] })).join(t("label.and")) : t("label.best");
    return make("li", {}, make("span", { class: "share", title: String(probability) }, percent(probability)), make("span", { class: "track" }, bar), make("span", { class: "words" }, text));
  }

  sentence.addEventListener("keydown", (event) => {
    const to = moved(event, buttons.indexOf(document.activeElement), buttons.length);
    if (to === undefined) return;
    event.preventDefault();
    buttons[to].focus();
  });

  return {
    element,
    update({ text, model }, before) {
      if (text === before.text && model === before.model) return;
      source.tag({ text, model, nbest: NBEST }).then(draw, app.problem);
    },
  };
}
