// Sentences with their spans; tokens are shaded by how much the target's tag rests on them.
import { make, moved, number, percent } from "../dom.js";
import { article } from "./rests.js";

/** The spans of a text with their tokens, and each token outside a span by itself: `span` or null, `tokens` as [number, token]. */
export function groupsOf(tokens, spans) {
  const numbered = [...tokens.entries()];
  const groups = [];
  let position = 0;
  for (const span of [...spans, { start: tokens.length, end: tokens.length }]) {
    for (; position < span.start; position++) groups.push({ span: null, tokens: [numbered[position]] });
    if (span.end > span.start) groups.push({ span, tokens: numbered.slice(span.start, span.end) });
    position = span.end;
  }
  return groups;
}

/** A group as an element: its tokens, made by `draw(token, number)`, and under them the span's type, or the tag of a token outside. */
export function run({ span, tokens }, draw) {
  const { tag } = tokens[0][1];
  const type = span ? span.type || "span" : tag === "O" ? null : tag;
  return make("span", { class: span ? "run span" : "run" },
    make("span", { class: "tokens" }, tokens.map(([n, token]) => draw(token, n))), type && make("span", { class: "type" }, type));
}

function sentence(rests, n) {
  const { t } = rests;
  const panel = rests.panels[n];
  const buttons = [];
  const group = make("div", { class: "sentence", role: "group", "aria-label": panel.name ? t("rests.tokens_of", { name: panel.name }) : t("rests.tokens") },
    groupsOf(panel.tokens, panel.spans).map((part) => run(part, (token, place) => {
      const aim = () => rests.aim(n, place);
      buttons[place] = make("button", { type: "button", class: "token", pointerenter: aim, click: aim, focus: () => { if (rests.targets[n] !== place) aim(); } },
        make("span", { class: "word", dir: "auto" }, token.text), make("span", { class: "value" }), make("span", { class: "unseen" }));
      return buttons[place];
    })));
  group.addEventListener("keydown", (event) => {
    const to = moved(event, rests.targets[n], buttons.length);
    if (to === undefined) return;
    event.preventDefault();
    rests.aim(n, to);
    buttons[to].focus();
  });
  const said = make("p", { class: "readout", role: "status", "aria-live": "polite" });
  rests.subscribe((changed) => {
    if (changed !== n) return;
    const target = rests.targets[n];
    const values = rests.values(n, target);
    buttons.forEach((button, place) => {
      const { tag, probability } = panel.tokens[place];
      const shown = rests.shown(values[place]);
      rests.shade(button, values[place]);
      button.children[1].textContent = shown;
      button.lastChild.textContent = `${t(`measure.${rests.measure}`)}, ${tag}`;
      button.setAttribute("aria-pressed", String(place === target));
      button.tabIndex = place === target ? 0 : -1;
      button.title = `${tag} ${probability.toFixed(2)}`;
    });
    said.textContent = readout(rests, n, target, values);
  });
  const box = article(panel, group, said, make("details", { class: "trust" }, make("summary", {}, t("rests.trust")),
    make("p", {}, trusted(t, panel.connectivity)), make("p", {}, t("rests.trust_explained"))));
  box.dataset.panel = n;
  return box;
}

function readout(rests, n, target, values) {
  const { t } = rests;
  const panel = rests.panels[n];
  const { text, tag, probability } = panel.tokens[target];
  const others = [...values.keys()].filter((place) => place !== target);
  const most = others.reduce((best, place) => (best < 0 || Math.abs(values[place]) > Math.abs(values[best]) ? place : best), -1);
  const parts = [
    t("rests.token", { text, tag, probability: probability.toFixed(2) }),
    most < 0 ? t("rests.itself", { own: rests.shown(values[target]) })
      : t("rests.most", { own: rests.shown(values[target]), word: panel.tokens[most].text, value: rests.shown(values[most]) }),
  ];
  const changed = rests.measure === "ablation" ? panel.connectivity.changed[rests.rowOf(n, target)] || [] : [];
  const words = changed.flatMap((yes, place) => (yes ? [panel.tokens[place].text] : []));
  if (words.length) parts.push(t("rests.changed", { words: words.join(t("rests.or_without")) }));
  return parts.join(t("page.space"));
}

function trusted(t, { agreement, gap }) {
  const gaps = gap.filter((value) => value !== null).sort((one, two) => one - two);
  return t("rests.trust_numbers", {
    gradient: number(agreement.gradient), contribution: number(agreement.contribution),
    median: percent(gaps[gaps.length >> 1] || 0), largest: percent(gaps.at(-1) || 0),
  });
}

export function sentences(rests) {
  return rests.panels.map((_, n) => sentence(rests, n));
}
