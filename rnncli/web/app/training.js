// The training that is watched, and the one before it. It goes on while other views are shown.
import { Refused } from "./source.js";

const listeners = new Set();

/** `runs`: at most two, the newest last. `running`: whether the last one is not over. */
export const training = { runs: [], running: false };

let id = "";
let isAsked = false; // to stop

function tell() {
  listeners.forEach((listener) => listener());
}

/** Call `listener` after every event, until `signal` ends it. */
export function watch(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
}

/** Train with some settings; the promise is kept when the training is over, however it ended. */
export async function train(source, settings, texts) {
  if (training.running) return;
  const run = { settings, texts, begin: null, epochs: [], diverged: [], end: null, error: null };
  training.runs = [...training.runs.slice(-1), run];
  training.running = true;
  id = "";
  isAsked = false;
  tell();
  try {
    await source.events("/v1/train", { ...settings, texts }, (name, data) => {
      if (name === "id") {
        id = data.id;
        if (isAsked) stop(source);
      } else if (name === "epoch") run.epochs.push(data);
      else if (name === "diverged") run.diverged.push(data);
      else if (name === "error") run.error = new Refused(data.message, data.hint);
      else run[name] = data;
      tell();
    });
    if (!run.end && !run.error) run.error = new Refused("the training ended without a result");
  } catch (error) {
    run.error = error;
  }
  training.running = false;
  if (!run.begin) training.runs = training.runs.slice(0, -1); // it was refused
  tell();
  if (run.error) throw run.error;
}

/** Ask the service to stop; the stream then ends by itself, with the best epoch. */
export async function stop(source) {
  isAsked = true;
  if (id) await source.post("/v1/train/stop", { id });
}
