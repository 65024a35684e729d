// A guided path: text beside a view. Guess first, then look.
import { make } from "../dom.js";
import { textField } from "../field.js";
import { STOPS } from "../lesson/stops.js";
import { ask, names, networks } from "../networks.js";
import { noMarks } from "../state.js";

const WITH_TEXT = ["label", "steps", "compare"]; // views that leave the text to the page around them
const guesses = new Map(); // the choice at each stop, by its number; −1: looked without a guess

/** Text with paragraphs; a line that begins with two spaces is an equation, and what is between backticks is code. */
function prose(text) {
  const pieces = (line) => line.split("`").map((piece, n) => (n % 2 ? make("code", {}, piece) : piece));
  return text.split("\n").map((line) => (line.startsWith("  ") ? make("p", { class: "formula" }, line.trim()) : make("p", {}, pieces(line))));
}

const stopOf = (state) => Math.max(0, Math.min(STOPS.length - 1, Math.trunc(state.stop)));

export function create(app) {
  const { t } = app;
  const dots = STOPS.map(({ name }, n) => make("button", { type: "button", click: () => go(n) }, String(n + 1)));
  STOPS.forEach(({ name }, n) => { dots[n].title = t(`lesson.${name}.title`); dots[n].setAttribute("aria-label", `${n + 1}: ${t(`lesson.${name}.title`)}`); });
  const progress = make("ol", { class: "stops" }, dots.map((dot) => make("li", {}, dot)));
  const count = make("p", { class: "eyebrow" });
  const title = make("h2", { tabindex: "-1" });
  const text = make("div", { class: "prose" });
  const question = make("p", { class: "question", id: "lesson-question" });
  const choices = make("div", { class: "choices", role: "group", "aria-labelledby": "lesson-question" });
  const skip = make("button", { type: "button", class: "quiet", click: () => guess(-1) }, t("lesson.skip"));
  const truth = make("div", { class: "truth", role: "status" });
  const previous = make("button", { type: "button", click: () => go(stopOf(app.state) - 1) }, t("lesson.previous"));
  const next = make("button", { type: "button", class: "main", click: () => go(stopOf(app.state) + 1) }, t("lesson.next"));
  const words = make("div", { class: "lesson-text" },
    make("nav", { class: "lesson-nav", "aria-label": t("lesson.stops") }, progress, make("div", { class: "turns" }, previous, next)), count, title, text,
    make("div", { class: "guess" }, question, choices, skip, truth),
    make("p", { class: "hint" }, t("lesson.keys")));
  const looks = make("div", { class: "looks", role: "group", "aria-label": t("lesson.looks") });
  const field = textField(app, "text", t("page.text"));
  const above = make("div", { class: "above" }, field.element);
  const place = make("div", { class: "lesson-place" });
  const closed = make("div", { class: "closed" }, make("p", {}, t("lesson.closed")));
  const scene = make("div", { class: "lesson-view", role: "region", "aria-label": t("lesson.view") }, looks, above, place);
  const element = make("section", { class: "lesson", "aria-label": t("view.lesson") }, words, scene);
  const views = new Map(); // by name: the view, and the state that it has seen
  let drawn = -1;
  let hasFocus = false;
  let isDone = false;
  let preparing = null; // the promise of the networks side by side, which some stops look into

  const modelOf = (name) => (app.models.some((model) => model.name === name) ? name : (app.models.find((model) => model.is_default) || app.models[0]).name);
  /** The changes of the state that a look makes; what it does not name is as at first. */
  function changesOf(stop, look) {
    const wanted = { ...STOPS[stop].looks[look] };
    delete wanted.view;
    if ("model" in wanted) wanted.model = modelOf(wanted.model);
    return { stop, look, step: 0, what: "", unit: 0, ...noMarks, ...wanted };
  }
  function go(stop) {
    if (stop < 0 || stop >= STOPS.length) return;
    hasFocus = true;
    app.set({ view: "lesson", ...changesOf(stop, 0) });
  }
  function guess(choice) {
    guesses.set(stopOf(app.state), choice);
    drawText(app.state);
    drawView(app.state);
    truth.scrollIntoView({ block: "nearest" });
  }

  /** Train the networks side by side, if a look needs one of them that is not there; whether it must be waited for. */
  function isMissing(model) {
    if (!names.includes(model) || modelOf(model) === model) return false;
    preparing = preparing || ask(app.source, [app.state.text, app.state.other])
      .then(() => app.refresh())
      .then(() => {
        isDone = true;
        if (app.state.view === "lesson") app.set(changesOf(stopOf(app.state), app.state.look));
        drawView(app.state);
      }, app.problem);
    return !isDone;
  }

  function drawText(state) {
    const stop = stopOf(state);
    const { name, right, choices: many } = STOPS[stop];
    const given = guesses.get(stop);
    const isOpen = given !== undefined;
    dots.forEach((dot, n) => {
      dot.setAttribute("aria-current", n === stop ? "step" : "false");
      dot.classList.toggle("seen", guesses.has(n));
    });
    previous.disabled = stop === 0;
    next.disabled = stop === STOPS.length - 1;
    count.textContent = t("lesson.count", { stop: stop + 1, count: STOPS.length });
    title.textContent = t(`lesson.${name}.title`);
    if (drawn !== stop) text.replaceChildren(...prose(t(`lesson.${name}.text`)));
    question.replaceChildren(...prose(t(`lesson.${name}.question`)).flatMap((line) => [...line.childNodes]));
    if (drawn !== stop || choices.children.length !== many) {
      choices.replaceChildren(...Array.from({ length: many }, (_, n) => make("button", { type: "button", click: () => guess(n) },
        make("span", { class: "mark", "aria-hidden": "true" }, String(n + 1)), make("span", {}, t(`lesson.${name}.choice.${n}`)))));
    }
    [...choices.children].forEach((button, n) => {
      button.classList.toggle("right", isOpen && n === right);
      button.classList.toggle("wrong", isOpen && n === given && n !== right);
      button.setAttribute("aria-pressed", String(n === given));
      button.firstChild.textContent = isOpen && n === right ? "✓" : isOpen && n === given ? "✗" : String(n + 1);
    });
    skip.hidden = isOpen;
    const verdict = given === right ? t("lesson.right") : given === -1 ? "" : t("lesson.wrong");
    const shown = isOpen ? [verdict && make("p", { class: "verdict-word" }, verdict), ...prose(t(`lesson.${name}.truth`))].filter(Boolean) : [];
    if (!isOpen || !truth.children.length || drawn !== stop) truth.replaceChildren(...shown);
    drawn = stop;
  }

  function drawView(state) {
    const stop = stopOf(state);
    const { name, looks: all } = STOPS[stop];
    const isOpen = guesses.has(stop);
    const at = Math.max(0, Math.min(all.length - 1, state.look));
    const { view: viewName, model } = all[at];
    looks.hidden = !isOpen || all.length < 2;
    above.hidden = !isOpen || !WITH_TEXT.includes(viewName);
    if (looks.dataset.stop !== String(stop)) {
      looks.dataset.stop = String(stop);
      looks.replaceChildren(...all.map((_, n) => make("button", { type: "button", click: () => app.set(changesOf(stop, n)) }, t(`lesson.${name}.look.${n}`))));
    }
    [...looks.children].forEach((button, n) => button.setAttribute("aria-pressed", String(n === at)));
    if (!isOpen || isMissing(model)) {
      closed.firstChild.textContent = t(isOpen ? "lesson.preparing" : "lesson.closed");
      if (place.firstChild !== closed) place.replaceChildren(closed);
      return;
    }
    if (!views.has(viewName)) views.set(viewName, { view: app.view(viewName), seen: {} });
    const entry = views.get(viewName);
    const isNew = place.firstChild !== entry.view.element;
    if (isNew) {
      app.problem(null);
      place.replaceChildren(entry.view.element);
      if (networks.error && names.includes(model)) app.problem(networks.error);
      else if (model && modelOf(model) !== model) app.problem({ message: t("lesson.no_model", { model }) });
    }
    field.update(state);
    const shown = { ...state, view: viewName };
    const { seen } = entry;
    entry.seen = shown;
    entry.view.update(shown, seen);
    if (isNew && viewName === "architectures" && entry.view.begin) entry.view.begin();
  }

  document.addEventListener("keydown", (event) => {
    if (!element.isConnected || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const isHere = event.target === document.body || event.target.id === "panel" || words.contains(event.target);
    if (!isHere || event.target.matches("input, textarea, select")) return;
    const stop = stopOf(app.state);
    const choice = "123456789".indexOf(event.key);
    if (event.key === "ArrowRight") go(stop + 1);
    else if (event.key === "ArrowLeft") go(stop - 1);
    else if (choice >= 0 && choice < STOPS[stop].choices && !guesses.has(stop)) guess(choice);
    else return;
    event.preventDefault();
  }, { signal: app.signal });

  return {
    element,
    update(state) {
      if (state.look < 0) return queueMicrotask(() => app.set(changesOf(stopOf(state), 0))); // it begins; a link has a look
      const isOther = drawn !== stopOf(state);
      drawText(state);
      drawView(state);
      if (isOther && hasFocus) title.focus({ preventScroll: true });
      if (isOther && hasFocus) element.scrollIntoView({ block: "start" });
      hasFocus = false;
    },
  };
}
