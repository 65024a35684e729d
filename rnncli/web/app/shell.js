// What stands around the views: title, models, language, tabs, the text, and messages.
import { make, moved, repaint } from "./dom.js";
import { textField } from "./field.js";
import { createState, marksOf, noMarks } from "./state.js";
import { languages, translator } from "./words.js";

/**
 * Show the page.
 * views   for each view `name`; `create`; `hasText`, whether the text above belongs to it
 * source  where the numbers come from
 * first   the state at first
 */
export function show({ views, source, models, first, actions = [] }) {
  const state = createState(first);
  const body = document.body;
  let page = null;
  let built = new AbortController(); // ends what the views of one language listen to outside of their elements

  function build() {
    built.abort();
    built = new AbortController();
    const t = translator(state.now.language);
    document.documentElement.lang = (languages[state.now.language] || languages.en).tag;
    document.title = t("page.title");
    const app = {
      get state() { return state.now; },
      set: state.set,
      t,
      source,
      models,
      /** Ends when the views are made anew: for what they listen to outside of their elements. */
      signal: built.signal,
      /** Say calmly why something could not be shown; null takes the message away. */
      problem: (error) => say(error),
      /** A view of its own by its name, for a view that shows others. */
      view: (name) => views.find((view) => view.name === name).create(app),
      /** The models again, from the service. */
      async refresh() {
        models.splice(0, models.length, ...(await source.models()));
        fillModels();
      },
    };

    const message = make("p", { class: "message", role: "status", hidden: true });
    function say(error) {
      message.hidden = !error;
      if (error) message.textContent = [error.message, error.hint].filter(Boolean).join(" · ");
    }

    const choice = make("select", { change: () => {
      const of = (name) => models.find((model) => model.name === name)?.examples || [];
      // An example of one model says little to another; what was typed stays.
      const kept = (text, n) => (of(state.now.model).includes(text) ? of(choice.value)[n] ?? text : text);
      state.set({ model: choice.value, text: kept(state.now.text, 0), other: kept(state.now.other, 1), ...noMarks, step: 0, what: "" });
    } });
    function fillModels() {
      choice.replaceChildren(...models.map(({ name, arch, problem }) => make("option", { value: name, title: problem || null }, arch ? `${name} (${arch})` : name)));
      choice.value = state.now.model;
    }
    fillModels();
    const language = make("button", { type: "button", class: "quiet language", click: () => state.set({ language: state.now.language === "zh" ? "en" : "zh" }) },
      state.now.language === "zh" ? languages.en.name : languages.zh.name);
    language.lang = state.now.language === "zh" ? "en" : "zh-Hant";

    const tabs = views.map(({ name }) => make("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", click: () => state.set({ view: name }),
    }, t(`view.${name}`)));
    const list = make("div", { class: "tabs", role: "tablist", "aria-label": t("page.views"), keydown: (event) => {
      const to = moved(event, tabs.indexOf(document.activeElement), tabs.length);
      if (to === undefined) return;
      event.preventDefault();
      state.set({ view: views[to].name });
      tabs[to].focus();
    } }, tabs);

    const field = textField(app, "text", t("page.text"));
    const examples = make("div", { class: "examples" });
    const above = make("section", { class: "above", "aria-label": t("page.text") }, field.element, examples);
    const panel = make("div", { id: "panel", role: "tabpanel", tabindex: "-1" });
    body.replaceChildren(
      ...body.querySelectorAll("script"), // a saved page has its documents in one
      make("header", { class: "top" },
        make("div", { class: "brand" }, make("h1", {}, "rnncli"), make("p", {}, t("page.subtitle"))),
        make("div", { class: "settings" },
          make("label", { class: "choice" }, make("span", {}, t("page.model")), choice), language, ...actions.map((action) => action(app)))),
      make("main", {}, list, above, !source.isLive && make("p", { class: "hint" }, t("save.note")), message, panel));

    let shown = null; // the examples in the page; they stay while they are the same, and with them the focus
    function showExamples() {
      const texts = (source.isLive && models.find((model) => model.name === state.now.model)?.examples) || [];
      if (texts !== shown) {
        shown = texts;
        examples.replaceChildren(...texts.map((text) =>
          make("button", { type: "button", class: "example", dir: "auto", click: () => state.set({ text, ...marksOf("text"), step: 0 }) }, text)));
      }
      [...examples.children].forEach((example) => example.setAttribute("aria-pressed", String(example.textContent === state.now.text)));
    }

    const made = new Map(); // views stay as they are while others are shown
    function update(before) {
      const now = state.now;
      const at = Math.max(0, views.findIndex(({ name }) => name === now.view));
      tabs.forEach((tab, n) => {
        tab.setAttribute("aria-selected", String(n === at));
        tab.tabIndex = n === at ? 0 : -1;
      });
      panel.setAttribute("aria-labelledby", tabs[at].id);
      above.hidden = !views[at].hasText;
      choice.value = now.model;
      field.update(now);
      const { name } = views[at];
      let from = before;
      if (!made.has(name)) made.set(name, { view: views[at].create(app), seen: {} });
      const entry = made.get(name);
      if (panel.firstChild !== entry.view.element) {
        say(null);
        panel.replaceChildren(entry.view.element);
        repaint();
        from = entry.seen; // what has changed since it was shown last
      }
      entry.seen = now;
      showExamples();
      entry.view.update(now, from);
    }
    update({});
    return update;
  }

  page = build();
  state.subscribe((now, before) => {
    if (now.language === before.language) return page(before);
    const focused = document.activeElement.className;
    page = build();
    if (focused.includes("language")) document.querySelector(".language").focus();
  });
}

/** Ask for the token that a service demands; promises it. */
export function askToken(again) {
  const t = translator(parsedLanguage());
  return new Promise((resolve) => {
    const field = make("input", { type: "password", autocomplete: "off", required: true });
    const form = make("form", { class: "token", submit: (event) => { event.preventDefault(); form.remove(); resolve(field.value.trim()); } },
      make("label", { class: "field" }, make("span", {}, t(again ? "token.again" : "token.ask")), field),
      make("button", { type: "submit" }, t("token.send")));
    document.body.prepend(form);
    field.focus();
  });
}

/** The language of the address, else that of the browser. */
export function parsedLanguage() {
  const given = new URLSearchParams(location.hash.slice(1)).get("language");
  return given || (navigator.language.startsWith("zh") ? "zh" : "en");
}
