// The networks side by side, and what they say of two texts. They are trained once; the service keeps them.

/** The names in their order, and what each keeps: whether it reads forward alone. */
export const names = ["fnn", "elman", "jordan", "hybrid", "bidirectional", "lstm"];

/** `rows`: what has come, by name; `texts`: of which texts; `running`, `error`. */
export const networks = { rows: new Map(), texts: [], running: false, error: null };

const listeners = new Set();
let leave = null;

/** Call `listener` after every event. */
export function watch(listener) {
  listeners.add(listener);
}

/** Ask for the networks and two texts; a newer call takes the place of one that is not over. */
export async function ask(source, texts) {
  if (leave) leave.abort();
  const controller = new AbortController();
  leave = controller;
  const tell = () => listeners.forEach((listener) => listener());
  Object.assign(networks, { running: true, error: null });
  const rows = new Map();
  tell();
  try {
    await source.events("/v1/architectures", { texts }, (name, data) => {
      if (name !== "network" || controller.signal.aborted) return;
      if (!rows.size) Object.assign(networks, { rows, texts });
      rows.set(data.name, data);
      tell();
    }, controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return;
    networks.error = error;
  }
  if (controller.signal.aborted) return;
  networks.running = false;
  tell();
}
