// The networks side by side, and what they say of two texts. They are trained once; the service keeps them.

/** The names in their order. */
export const names = ["fnn", "elman", "jordan", "hybrid", "bidirectional", "lstm"];

/** `rows`: what has come, by name; `texts`: of which texts; `running`, `error`. */
export const networks = { rows: new Map(), texts: [], running: false, error: null };

const listeners = new Set();
let wanted = null; // the texts to ask for next
let asking = null; // the promise of all that is asked for

function tell() {
  listeners.forEach((listener) => listener());
}

/** Call `listener` after every event, until `signal` ends it. */
export function watch(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
}

/** Ask for the networks and two texts. One question at a time: of those that come meanwhile the newest is asked next. */
export function ask(source, texts) {
  wanted = texts;
  asking = asking || answers(source).finally(() => { asking = null; });
  return asking;
}

async function answers(source) {
  Object.assign(networks, { running: true, error: null });
  while (wanted) {
    const texts = wanted;
    const rows = new Map();
    wanted = null;
    tell();
    try {
      await source.events("/v1/architectures", { texts }, (name, data) => {
        if (name === "error") networks.error = data;
        if (name !== "network") return;
        if (!rows.size) Object.assign(networks, { rows, texts, error: null });
        rows.set(data.name, data);
        tell();
      });
    } catch (error) {
      networks.error = error;
    }
  }
  networks.running = false;
  tell();
}
