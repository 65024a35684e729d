// A text that is typed, bound to a key of the state.
import { make } from "./dom.js";
import { marksOf } from "./state.js";

/** A label with its field; each key changes the state. `element`, and `update(state)` for changes from elsewhere. */
export function textField(app, key, label) {
  const field = make("textarea", {
    rows: "1", spellcheck: "false", autocomplete: "off", dir: "auto", "data-key": key, readonly: !app.source.isLive,
    input: () => { grow(); app.set({ [key]: field.value, ...marksOf(key) }); },
    keydown: (event) => { if (event.key === "Enter" && !event.isComposing) event.preventDefault(); }, // a text is one line
  });
  const grow = () => {
    field.style.setProperty("height", "auto");
    field.style.setProperty("height", `${Math.min(field.scrollHeight + 2, 180)}px`);
  };
  return {
    element: make("label", { class: "field" }, make("span", {}, label), field),
    update(state) {
      if (field.value !== state[key]) field.value = state[key];
      grow();
    },
  };
}
