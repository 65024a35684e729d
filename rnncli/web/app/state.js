// What the page shows, as one plain object. All of it is in the URL, so that a link shows the same.

import { firstSettings } from "./settings.js";

const marks = {
  text: {
    target: -1, // the token whose tag is explained; −1 for that of the first span
    erased: -1, // the number of the token that is erased; −1 for none
  },
  other: { target_other: -1, erased_other: -1 }, // the same of the second text
};

/** No token of a text is marked. A change of that text goes with it. */
export const marksOf = (key) => marks[key];

/** No token of either text is marked. */
export const noMarks = { ...marks.text, ...marks.other };

/** Every key with its value at first; a view with further settings adds its keys here. Types are kept by the URL. */
export const defaults = {
  view: "label",
  model: "",
  text: "",
  other: "",
  step: 0,
  what: "",
  unit: 0,
  measure: "ablation",
  ...noMarks,
  stop: 0,
  look: -1, // what the stop shows; −1 until the lesson has begun
  language: "en",
  ...firstSettings, // of a training
};

// A change of one of these is a step that the browser's "back" undoes; others, such as each key of a text, are not.
const steps = ["view", "model", "stop"];

/** The state that the hash of an address means; keys that it lacks have their value of `first`. */
export function parsed(hash, first) {
  const state = { ...first };
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (typeof first[key] !== "number") state[key] = text;
    else if (Number.isFinite(Number(text))) state[key] = Number(text);
  }
  return state;
}

/** The hash of an address for a state; what is as in `defaults`, and as in `first`, is left out. */
export function hash(state, first = defaults) {
  const given = Object.entries(state).filter(([key, value]) => value !== defaults[key] || value !== first[key]);
  return `#${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}`;
}

/** The state of this page: `now`, `set(changes)` and `subscribe(listener)`, which is called with the state and the one before. */
export function createState(first = {}) {
  const start = { ...defaults, ...first };
  let now = parsed(location.hash, start);
  let timer = 0;
  const listeners = [];
  const tell = (before) => listeners.forEach((listener) => listener(now, before));
  const write = () => history.replaceState(null, "", hash(now, start));
  const set = (changes) => {
    const before = now;
    now = { ...now, ...changes };
    const changed = Object.keys(changes).filter((key) => now[key] !== before[key]);
    if (!changed.length) return;
    clearTimeout(timer);
    if (changed.some((key) => steps.includes(key))) history.pushState(null, "", hash(now, start));
    else timer = setTimeout(write, 200); // browsers limit how often an address may change
    tell(before);
  };
  const read = () => {
    const before = now;
    clearTimeout(timer);
    now = parsed(location.hash, start);
    if (hash(now) !== hash(before)) tell(before);
  };
  window.addEventListener("hashchange", read);
  window.addEventListener("popstate", read);
  return { get now() { return now; }, set, subscribe: (listener) => listeners.push(listener) };
}
