// A text with its tags, as a row of tokens; what a span marks stands below it.
import { make } from "../dom.js";
import { groupsOf, run } from "./sentences.js";

/** A text with its spans; the tokens whose numbers are in `marked` are framed. */
export function tagged({ tokens, spans }, marked = []) {
  return make("div", { class: "sentence" }, groupsOf(tokens, spans).map((group) => run(group, ({ text, tag, probability }, n) =>
    make("span", { class: marked.includes(n) ? "token still marked" : "token still", title: `${tag} ${probability}` }, make("span", { class: "word", dir: "auto" }, text)))));
}
