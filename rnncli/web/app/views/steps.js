// A text step by step: ◀ ▶, arrow keys, a slider and play move through time; every number unfolds into its equation.
import { isStill, make } from "../dom.js";
import { createEquation } from "./equation.js";
import { valuesOf } from "./names.js";
import { createOverview } from "./overview.js";
import { createStages, shapeOf } from "./stages.js";

const PLAY_EVERY = 1500; // ms
const MOST_AT_ONCE = 60; // tokens of a text whose steps are asked for together; the service has the same limit
const AROUND = 6; // steps on each side that are asked for otherwise
const MOST_TOKENS = 40; // of a longer text, those around this step are listed

export function create(app) {
  const { t } = app;
  let loaded = null; // key, document, text (of the document), known: document of each step
  let asked = ""; // text and model that are shown
  let asking = ""; // the same, while further steps of them are asked for
  let playing = 0;
  let stages = [];
  let shape = "";

  let opener = null; // what had the focus when an equation was opened
  function openAt(what, step, unit) {
    const isDeeper = equation.element.contains(document.activeElement);
    if (!isDeeper) opener = document.activeElement;
    app.set({ what, step, unit });
    // Where the equation lies over the lower half of the window, the number stays in sight.
    if (!isDeeper && stageList.contains(opener)) opener.scrollIntoView({ block: "nearest" });
  }
  function close() {
    app.set({ what: "", unit: 0 });
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  }
  const open = (what, unit) => openAt(what, app.state.step, unit);
  const equation = createEquation(app, (what, step, unit) => (what === null ? close() : openAt(what, step, unit)));

  // Controls -------------------------------------------------------------------------------------------------
  const last = () => (loaded ? loaded.text.steps.count - 1 : 0);
  function go(step) {
    stop();
    app.set({ step: Math.max(0, Math.min(last(), step)) });
  }
  const back = make("button", { type: "button", class: "step", "aria-label": t("steps.back"), title: t("steps.back"), click: () => go(app.state.step - 1) }, "◀");
  const on = make("button", { type: "button", class: "step", "aria-label": t("steps.on"), title: t("steps.on"), click: () => go(app.state.step + 1) }, "▶");
  const play = make("button", { type: "button", class: "play", click: () => (playing ? stop() : start()) });
  const slider = make("input", { type: "range", min: "1", "aria-label": t("steps.slider"), input: () => go(Number(slider.value) - 1) });
  const said = make("p", { class: "step-said", role: "status" });
  function showPlay() {
    play.textContent = playing ? t("steps.pause") : t("steps.play");
    play.disabled = isStill();
    play.title = isStill() ? t("steps.still") : "";
  }
  function stop() {
    clearInterval(playing);
    playing = 0;
    said.setAttribute("aria-live", "polite");
    showPlay();
  }
  function start() {
    if (isStill() || !loaded) return;
    if (app.state.step >= last()) app.set({ step: 0 });
    said.setAttribute("aria-live", "off");
    playing = setInterval(() => {
      if (!element.isConnected || isStill() || app.state.step >= last()) return stop();
      if (loaded.known.has(app.state.step)) app.set({ step: app.state.step + 1 });
      if (app.state.step >= last()) stop();
    }, PLAY_EVERY);
    showPlay();
  }

  // The sentence ---------------------------------------------------------------------------------------------
  const sentence = make("div", { class: "steps-sentence", role: "group", "aria-label": t("steps.sentence") });
  const legend = make("p", { class: "hint steps-legend" });
  function drawSentence(state) {
    const { tokens } = loaded.text;
    const hadFocus = sentence.contains(document.activeElement);
    const directions = new Set([...loaded.known.values()][0].layers.map(({ name }) => (/ backward$/.test(name) ? "backward" : "forward")));
    const isBoth = directions.has("backward");
    const from = tokens.length > MOST_TOKENS ? Math.max(0, state.step - MOST_TOKENS / 2) : 0;
    const to = tokens.length > MOST_TOKENS ? Math.min(tokens.length, from + MOST_TOKENS) : tokens.length;
    const shown = tokens.slice(from, to).map((token, n) => {
      const step = from + n;
      const time = step < state.step ? "read" : step > state.step ? "coming" : "now";
      const rails = isBoth
        ? [make("i", { class: step <= state.step ? "rail forward done" : "rail forward" }), make("i", { class: step >= state.step ? "rail backward done" : "rail backward" })]
        : [];
      return make("button", {
        type: "button", class: `step-token ${time}${isBoth ? " both" : ""}`, tabindex: step === state.step ? "0" : "-1", "data-step": step,
        "aria-current": step === state.step ? "step" : null,
        click: () => go(step),
      }, make("span", { class: "word", dir: "auto" }, token.text), make("span", { class: "tag" }, token.tag), make("span", { class: "unseen" }, t(`steps.token.${time}`, { step: step + 1 })), rails);
    });
    const more = (count) => (count > 0 ? [make("span", { class: "hint" }, t("steps.tokens.more", { count }))] : []);
    sentence.replaceChildren(...more(from), ...shown, ...more(tokens.length - to));
    legend.textContent = `${t(isBoth ? "steps.legend.both" : "steps.legend")} ${t("steps.keys")}`;
    if (hadFocus) sentence.querySelector('[tabindex="0"]').focus();
  }

  const overview = createOverview(app);

  // The whole view -------------------------------------------------------------------------------------------
  const stageList = make("div", { class: "stages" });
  const columns = make("div", { class: "steps-columns" }, stageList, equation.element);
  const empty = make("p", { class: "hint" }, t("steps.empty"));
  const content = make("div", { class: "steps-content" },
    make("div", { class: "steps-bar", role: "group", "aria-label": t("steps.controls") }, make("div", { class: "steps-buttons" }, back, play, on), slider, said),
    sentence, legend, overview.element, columns);
  const element = make("section", { class: "steps", "aria-label": t("view.steps") }, empty, content);
  element.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented || event.target === slider) return;
    const to = { ArrowRight: app.state.step + 1, ArrowLeft: app.state.step - 1, Home: 0, End: last() }[event.key];
    if (event.key === "Escape" && app.state.what) close();
    else if (to !== undefined && loaded) {
      if (!event.repeat || loaded.known.has(app.state.step)) go(to); // a held key waits until a step is shown
    }
    else return;
    event.preventDefault();
  });

  function scales(known) {
    const largest = new Map();
    return (what) => {
      if (/\/(input|forget|output|reset|update)$/.test(what) && !what.startsWith("input/")) return 1; // a gate
      if (!largest.has(what)) {
        let most = 0;
        for (const document of known.values()) for (const value of valuesOf(document, what) || []) most = Math.max(most, Math.abs(value));
        largest.set(what, most);
      }
      return largest.get(what);
    };
  }

  function draw(state) {
    const { text, known, document: whole } = loaded;
    const now = known.get(state.step);
    if (!now) return;
    app.problem(null);
    const { tags, count } = text.steps;
    const wanted = shapeOf(whole.model, now, tags);
    if (wanted !== shape) {
      shape = wanted;
      stages = createStages(app, whole.model, now, open, openAt);
      stageList.replaceChildren(...stages.map((stage) => stage.element));
    }
    content.hidden = false;
    empty.hidden = true;
    content.classList.remove("waiting");
    back.disabled = state.step === 0;
    on.disabled = state.step === count - 1;
    slider.max = String(count);
    slider.value = String(state.step + 1);
    const spoken = t("steps.now", { step: state.step + 1, count, token: now.token, tag: now.tag });
    slider.setAttribute("aria-valuetext", spoken);
    said.textContent = spoken;
    showPlay();
    drawSentence(state);
    const tokens = text.tokens.map((token) => token.text);
    const context = { state, now, known, tags, tokens, decoded: text.steps.decoded, scaleOf: loaded.scaleOf };
    overview.update(context);
    stages.forEach((stage) => stage.update(context));
    equation.update(state, {
      key: loaded.key, tokens, tags,
      numberOf: (what, step, unit) => (known.has(step) ? valuesOf(known.get(step), what)?.[unit] : undefined),
    });
  }

  /** Keep what an answer says of steps; show it if it is of the text and model of now. */
  function take(key, answer) {
    if (key !== asked) return;
    const [text] = answer.texts;
    if (!loaded || loaded.key !== key) loaded = { key, document: answer, text, known: new Map(), scaleOf: null };
    for (const step of text.steps.steps) loaded.known.set(step.step, step);
    loaded.scaleOf = scales(loaded.known);
    show(app.state);
  }

  /** Draw a step, and ask for it and the steps beside it where they are not known. */
  function show(state) {
    if (state.step > last()) return app.set({ step: last() });
    draw(state);
    const lacks = [-2, -1, 0, 1, 2].map((n) => state.step + n).some((step) => step >= 0 && step <= last() && !loaded.known.has(step));
    if (lacks) askAround();
  }

  /** Ask for the steps around this one that are not known. One question at a time. */
  async function askAround() {
    const key = asked;
    if (asking === key) return;
    asking = key;
    const { step, text, model } = app.state;
    const from = Math.max(0, step - AROUND);
    const to = Math.min(last(), step + AROUND);
    const steps = Array.from({ length: to - from + 1 }, (_, n) => from + n).filter((other) => !loaded.known.has(other));
    let answer = null;
    try {
      answer = await app.source.answer("inspect", { texts: [text], model, steps, measures: false });
    } catch (error) {
      refuse(key, error);
    }
    if (asking === key) asking = "";
    if (answer) take(key, answer);
  }

  /** Say why there is no answer. A saved file may lack the steps beside this one. */
  function refuse(key, error) {
    if (key !== asked) return;
    content.classList.remove("waiting");
    content.hidden = loaded?.key !== key; // not the steps of another text
    if (app.source.isLive || !loaded?.known.has(app.state.step)) app.problem(error);
  }

  /** Ask for steps; if they are refused, as all steps of a long text are, for the next of these lists. */
  function ask(steps, ...others) {
    const key = asked;
    const retry = (error) => {
      const isRefused = (error.status >= 400 && error.status < 500) || !app.source.isLive;
      if (key === asked && others.length && isRefused) ask(...others);
      else refuse(key, error);
    };
    app.source.inspect({ texts: [app.state.text], model: app.state.model, steps, measures: false }).then((answer) => take(key, answer), retry);
  }

  /** All steps of a short text; of a long one the first, which also says how many there are. */
  function askFirst() {
    const words = app.state.text.match(/\p{Script=Han}|[\p{L}\p{N}]+|\S/gu) || [];
    if (words.length <= MOST_AT_ONCE) ask("all", [0], [app.state.step]);
    else ask([0], [app.state.step]);
  }

  function update(state, before) {
    const key = JSON.stringify([state.model, state.text]);
    const isShownAgain = before.view !== state.view;
    if (isShownAgain) stop();
    if (key !== asked || isShownAgain) {
      if (key !== asked) stop();
      asked = key;
      equation.forget();
      if (!state.text.trim()) {
        content.hidden = true;
        empty.hidden = false;
        return;
      }
      loaded = isShownAgain ? null : loaded;
      content.hidden = !loaded;
      content.classList.add("waiting");
      empty.hidden = true;
      askFirst();
      return;
    }
    if (loaded && loaded.key === key) show(state);
  }

  return { element, update };
}
