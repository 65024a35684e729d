// The page as one file that works without the service: it holds the answers that its views ask for.
import { NBEST } from "./views/label.js";
import { MOST_MEASURED, textsOf } from "./views/compare.js";

const MOST_STEPS = 40; // tokens of a text whose steps are all in the file; 50 KB each with the default network
const MOST_EQUATIONS = 400;
const DATA = "@data@"; // the place of the documents in the empty file

// What could end the block of JSON as HTML reads it.
const escaped = (json) => json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The questions whose answers the views label, compare and steps need for a state, and all their answers. */
async function answers({ source, state }) {
  const { text, model, step } = state;
  const all = [];
  const ask = async (name, question) => {
    const answer = await source.answer(name, question);
    all.push([name, question, answer]);
    return answer;
  };
  const { tokens } = await ask("tag", { text, model, nbest: NBEST });
  if (!tokens.length) return all;
  const texts = textsOf(state);
  const doc = await ask("inspect", { texts, model });
  if (doc.texts.every((one) => one.tokens.length <= MOST_MEASURED)) {
    await ask("inspect", { texts, model, measures: true });
    for (const [n, one] of doc.texts.entries()) {
      for (let token = 0; token < one.tokens.length; token++) await ask("erase", { text: texts[n], model, token });
    }
  } else {
    if (state.erased >= 0) await ask("erase", { text, model, token: state.erased });
    if (state.erased_other >= 0) await ask("erase", { text: state.other, model, token: state.erased_other });
  }
  const steps = tokens.length <= MOST_STEPS ? [...tokens.keys()] : [Math.min(step, tokens.length - 1)];
  await ask("inspect", { texts: [text], model, steps });
  await equations({ source, text, model, steps, all, ask });
  return all;
}

/** All equations of a small network; of a large one those that the reader has opened. */
async function equations({ source, text, model, steps, all, ask }) {
  const { quantities } = await source.answer("equation", { text, model, what: "output/o", step: 0, unit: 0 });
  const units = Object.entries(quantities).flatMap(([what, count]) => Array.from({ length: count }, (_, unit) => [what, unit]));
  if (units.length * steps.length <= MOST_EQUATIONS) {
    for (const step of steps) for (const [what, unit] of units) await ask("equation", { text, model, what, step, unit });
    return;
  }
  for (const [question, answer] of source.known("equation")) {
    if (question.text === text && question.model === model) all.push(["equation", question, answer]);
  }
}

/** The file as text; `page` is the empty one. */
export async function savedPage(app, page) {
  const { state } = app;
  const models = app.models.filter(({ name }) => name === state.model);
  const document = { state: { ...state, view: ["label", "steps", "compare"].includes(state.view) ? state.view : "label" }, models, answers: await answers(app) };
  const [before, after] = page.split(DATA);
  return before + escaped(JSON.stringify(document)) + after;
}

/** Make the file and give it to the browser as a download. */
export async function save(app) {
  const response = await fetch("/page/saved.html");
  const html = await savedPage(app, await response.text());
  const address = URL.createObjectURL(new Blob([html], { type: "text/html" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "rnncli.html";
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
