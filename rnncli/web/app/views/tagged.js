// A text with its tags, as a row of tokens; what a span marks stands below it.
import { make } from "../dom.js";

/** The runs of a text: tokens in one span, and those outside of any. */
export function runs(tokens, spans) {
  const parts = [];
  tokens.forEach((token, n) => {
    const span = spans.find((one) => one.start <= n && n < one.end) || null;
    const last = parts.at(-1);
    if (last && last.span === span && span) last.tokens.push(n);
    else parts.push({ span, tokens: [n] });
  });
  return parts;
}

/** A text with its spans; the tokens whose numbers are in `marked` are framed. */
export function tagged({ tokens, spans }, marked = []) {
  return make("div", { class: "sentence" }, runs(tokens, spans).map(({ span, tokens: places }) =>
    make("span", { class: span ? "run span" : "run" },
      make("span", { class: "tokens" }, places.map((n) => make("span", { class: marked.includes(n) ? "token still marked" : "token still", title: `${tokens[n].tag} ${tokens[n].probability}` },
        make("span", { class: "word", dir: "auto" }, tokens[n].text)))),
      span && make("span", { class: "type" }, span.type || "✓"))));
}
