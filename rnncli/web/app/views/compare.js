// Two texts side by side, a text without one of its words, and what tags rest on.
import { make, moved, number, percent } from "../dom.js";
import { textField } from "../field.js";
import { chart } from "./chart.js";
import { matrices } from "./matrix.js";
import { memories } from "./memories.js";
import { distancesByPlace, verdict } from "./parting.js";
import { article, createRests, measureChoice, panelsOf } from "./rests.js";
import { groupsOf, run, sentences } from "./sentences.js";
import { noMarks } from "../state.js";

export const MOST_MEASURED = 60; // tokens of a text whose tags are explained
const AT_ONCE = 20; // tokens up to which they are without being asked
const PAUSE = 600; // ms without a change before that

/** The texts of a state that have something to compare. */
export const textsOf = ({ text, other }) => [text, other].filter((one, n) => one.trim() || !n);

/** The names of the panels of a document. */
const namesOf = ({ texts }) => (texts.length > 1 ? ["a", "b"] : [""]);
const boxes = (children) => make("div", { class: "panels" }, children);

function width(element) {
  return Math.max(280, Math.min(760, element.clientWidth - 36 || 640));
}

/** The distances of memories by place. */
function distanceChart(t, place, { names, xs, series, label }) {
  const are = series.some((values) => values.some((value) => value));
  if (!are) return make("p", { class: "hint" }, t("compare.no_distance"));
  const lines = series.map((values, n) => ({ name: names[n], points: [...values.entries()] }));
  return chart({ label, names: xs, lines, x: t("compare.axis"), width: width(place) });
}

/**
 * One of the texts, from which a word is erased.
 *
 * textKey, key  the text and the erased token in the state
 */
function createEraser(app, textKey, key) {
  const { t, source } = app;
  const name = make("h3");
  const sentence = make("div", { class: "sentence", role: "group", "aria-label": t("compare.erase_tokens") });
  const restore = make("button", { type: "button", click: () => toggle() });
  const lost = make("div", { class: "readout", role: "status" });
  const moves = make("div", { class: "panel", hidden: true });
  const element = make("div", { class: "panels", "data-erases": textKey }, make("div", { class: "panel" }, name, sentence, make("p", { class: "actions" }, restore), lost), moves);
  let text = null; // of the document
  let buttons = [];
  let focus = 0; // the token that the key Delete erases

  /** Show a text of a document; nothing, if there is none. */
  function draw(shown, panelName) {
    text = shown || null;
    element.hidden = !text || !text.tokens.length;
    if (element.hidden) return;
    const { tokens, spans } = text;
    name.textContent = panelName;
    name.hidden = !panelName;
    buttons = [];
    sentence.replaceChildren(...groupsOf(tokens, spans).map((group) => run(group, (token, n) => {
      buttons[n] = make("button", { type: "button", class: "token", title: `${token.tag} ${token.probability}`, focus: () => point(n), click: () => { point(n); } },
        make("span", { class: "word", dir: "auto" }, token.text), make("span", { class: "value" }), make("span", { class: "unseen" }));
      return buttons[n];
    })));
    point(Math.min(focus, tokens.length - 1));
    drawErased(null);
    ask(app.state);
  }

  function point(n) {
    focus = n;
    buttons.forEach((button, place) => { button.tabIndex = place === n ? 0 : -1; });
    nameAction();
  }

  function nameAction() {
    const erased = app.state[key];
    const word = text.tokens[focus].text;
    restore.textContent = erased === focus ? t("compare.restore", { word }) : t("compare.erase_word", { word });
  }

  const toggle = () => app.set({ [key]: app.state[key] === focus ? -1 : focus });

  sentence.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      toggle();
    }
    const to = moved(event, at, buttons.length);
    if (to === undefined) return;
    event.preventDefault();
    buttons[to].focus();
  });

  function drawErased(answer) {
    const { tokens } = text;
    const largest = answer ? answer.score_falls.reduce((most, value) => Math.max(most, Math.abs(value)), 0) : 0;
    buttons.forEach((button, n) => {
      const fall = answer ? answer.score_falls[n] : 0;
      const isErased = answer?.token === n;
      button.classList.toggle("erased", isErased);
      button.classList.toggle("parts", Boolean(answer?.tokens[n].changed));
      button.classList.toggle("minus", fall < 0);
      button.style.setProperty("--strength", `${largest ? Math.round(100 * Math.abs(fall) / largest) : 0}%`);
      button.children[1].textContent = answer ? number(fall, true) : percent(tokens[n].probability);
      button.lastChild.textContent = [answer && t("compare.falls"), answer ? answer.tokens[n].tag : tokens[n].tag, isErased && t("compare.is_erased")].filter(Boolean).join(", ");
    });
    nameAction();
    if (!answer) {
      lost.replaceChildren(t("compare.whole"));
      moves.hidden = true;
      return;
    }
    const word = tokens[answer.token].text;
    const changed = [...tokens.keys()].filter((n) => answer.tokens[n].changed);
    lost.replaceChildren(make("p", {}, changed.length ? t("compare.changes", { word, count: changed.length }) : t("compare.no_changes", { word })),
      changed.length ? make("ul", { class: "verdict" }, changed.map((n) => make("li", {}, t("compare.change", {
        word: tokens[n].text, from: tokens[n].tag, to: answer.tokens[n].tag, probability: percent(answer.tokens[n].probability), before: percent(tokens[n].probability),
      })))) : "");
    moves.hidden = false;
    moves.replaceChildren(make("h3", {}, t("compare.moved")), distanceChart(t, moves, {
      names: answer.distances.map(({ name }) => name), series: answer.distances.map(({ values }) => values), xs: tokens.map(({ text }) => text), label: t("compare.moved"),
    }));
  }

  async function ask(state) {
    const token = state[key];
    if (token < 0 || token >= text.tokens.length) return drawErased(null);
    const asked = text;
    try {
      const answer = await source.answer("erase", { text: state[textKey], model: state.model, token });
      if (asked !== text || app.state[key] !== token) return; // something else is shown now
      point(token);
      drawErased(answer);
      app.problem(null);
    } catch (error) {
      app.problem(error);
    }
  }

  return {
    element,
    draw,
    update(state, before) {
      if (!element.hidden && state[key] !== before[key]) ask(state);
    },
  };
}

export function create(app) {
  const { t, source } = app;
  const field = textField(app, "other", t("compare.other"));
  const swap = make("button", { type: "button", click: () => app.set({ text: app.state.other, other: app.state.text, ...noMarks }) }, t("compare.swap"));
  const pairs = make("div", { class: "pairs", role: "group", "aria-label": t("parting.side_by_side") });
  const said = make("div");
  const distances = make("div", { class: "panel" });
  const apart = make("div", {}, make("h2", {}, t("parting.title")), pairs, make("div", { class: "panels" }, make("div", { class: "panel" }, said), distances));

  const maps = make("div");
  const kept = make("div", {}, make("h2", {}, t("memories.title")), make("p", { class: "hint" }, t("memories.hint")), maps);

  const erasers = [createEraser(app, "text", "erased"), createEraser(app, "other", "erased_other")];
  const erasing = make("div", {}, make("h2", {}, t("compare.erase")), make("p", { class: "hint" }, t("compare.erase_hint")), erasers.map((eraser) => eraser.element));

  const measured = make("div");
  const measure = make("button", { type: "button", click: () => askMeasures() }, t("compare.measure"));
  const wait = make("p", { class: "hint", role: "status" });
  const rests = make("div", {}, make("h2", {}, t("rests.title")), make("p", { class: "actions" }, measure), wait, measured);

  const element = make("section", { class: "view-compare", "aria-label": t("view.compare") }, make("div", { class: "second" }, field.element, source.isLive && swap), apart, kept, erasing, rests);
  let doc = null; // of the texts, without measures
  let timer = 0;
  app.signal.addEventListener("abort", () => clearTimeout(timer));

  // Side by side -----------------------------------------------------------------------------------------------

  function drawPairs() {
    apart.hidden = doc.texts.length < 2;
    if (apart.hidden) return;
    const [a, b] = doc.texts;
    const cell = (token, side, differs) => make("span", { class: differs ? "half differs" : "half", title: token ? `${token.tag} ${token.probability}` : null },
      make("span", { class: "word", dir: "auto" }, token ? token.text : "∅"), make("span", { class: "tag" }, token ? token.tag : t("parting.nothing")),
      token && make("span", { class: "value" }, percent(token.probability)));
    pairs.replaceChildren(...doc.alignment.map(([i, j]) => {
      const one = i === null ? null : a.tokens[i];
      const two = j === null ? null : b.tokens[j];
      const words = one?.text !== two?.text;
      const tags = Boolean(one && two && one.tag !== two.tag);
      return make("span", { class: ["pair", words && "other", tags && "parts"].filter(Boolean).join(" ") }, cell(one, 0, tags), cell(two, 1, tags),
        tags && make("span", { class: "unseen" }, t("compare.parts")));
    }));
    said.replaceChildren(verdict(t, doc));
    distances.replaceChildren(make("h3", {}, t("compare.distance")), distanceChart(t, distances, {
      names: doc.distances.map(({ name }) => name), series: distancesByPlace(doc), label: t("compare.distance"),
      xs: doc.alignment.map(([i, j]) => (i === null ? b.tokens[j].text : a.tokens[i].text)),
    }));
  }

  // What tags rest on ------------------------------------------------------------------------------------------

  function offerMeasures() {
    const count = Math.max(...doc.texts.map(({ tokens }) => tokens.length));
    clearTimeout(timer);
    measured.replaceChildren();
    measure.hidden = count > MOST_MEASURED || count <= AT_ONCE || !source.isLive;
    wait.textContent = count > MOST_MEASURED ? t("compare.too_long", { most: MOST_MEASURED }) : "";
    if (count <= AT_ONCE || (!source.isLive && count <= MOST_MEASURED)) timer = setTimeout(askMeasures, source.isLive ? PAUSE : 0);
  }

  async function askMeasures() {
    measure.hidden = true;
    wait.textContent = t("compare.measuring");
    try {
      const answer = await source.inspect({ texts: textsOf(app.state), model: app.state.model, measures: true });
      wait.textContent = t("rests.hint");
      const panels = panelsOf(answer, namesOf(answer));
      const { measure: name, target, target_other: other } = app.state;
      const shared = createRests(t, panels, {
        measure: name, chosen: [target, other], onMeasure: (chosen) => app.set({ measure: chosen }), onTarget: (n, chosen) => app.set({ [n ? "target_other" : "target"]: chosen }),
      });
      measured.replaceChildren(...measureChoice(shared), boxes(sentences(shared)),
        make("h2", {}, t("matrix.title")), make("p", { class: "hint" }, t("matrix.hint")), boxes(matrices(shared)));
    } catch (error) {
      wait.textContent = "";
      measure.hidden = !source.isLive;
      app.problem(error);
    }
  }

  async function ask(state) {
    try {
      doc = await source.inspect({ texts: textsOf(state), model: state.model });
      app.problem(null);
      drawPairs();
      maps.replaceChildren(boxes(memories(t, panelsOf(doc, namesOf(doc)))));
      erasers.forEach((eraser, n) => eraser.draw(doc.texts[n], namesOf(doc)[n]));
      offerMeasures();
    } catch (error) {
      app.problem(error);
    }
    const hasNone = !state.text.trim();
    for (const part of [kept, erasing, rests]) part.hidden = hasNone || !doc;
    apart.hidden = apart.hidden || hasNone || !doc;
  }

  return {
    element,
    update(state, before) {
      field.update(state);
      if (["text", "other", "model"].some((key) => state[key] !== before[key])) ask(state);
      else if (doc) erasers.forEach((eraser) => eraser.update(state, before));
    },
  };
}
