// The page of inspect-memory --html: everything about the document that is inside the file.
import { make } from "./dom.js";
import { corpus } from "./views/corpus.js";
import { matrices } from "./views/matrix.js";
import { memories } from "./views/memories.js";
import { sideBySide, verdict } from "./views/parting.js";
import { article, createRests, measureChoice, panelsOf } from "./views/rests.js";
import { sentences } from "./views/sentences.js";
import { tagged } from "./views/tagged.js";
import { translator } from "./words.js";

const t = translator("en");
const doc = JSON.parse(document.getElementById("document").textContent);
const main = document.getElementById("main");

function section(id, title, hint, ...children) {
  main.append(make("section", { "aria-labelledby": id }, make("h2", { id }, title), hint && make("p", { class: "hint" }, hint), ...children));
}
const boxes = (id, children) => make("div", { class: "panels", id }, children);

main.replaceChildren();
const panels = panelsOf(doc, doc.page.names);
if (panels.length) {
  const rests = createRests(t, panels, { twins: Boolean(doc.compare) });
  section("tags", t("tags.title"), null, boxes("tagged", panels.map((panel) => article(panel, tagged(panel)))));
  if (doc.alignment.length) section("contrast", t("parting.title"), null, make("div", { id: "parting" }, verdict(t, doc), sideBySide(t, doc)));
  if (panels[0].memories.length) section("memories", t("memories.title"), t("memories.hint"), boxes("heat", memories(t, panels)));
  section("rests-on", t("rests.title"), t("rests.hint"), measureChoice(rests), boxes("sentences", sentences(rests)));
  section("matrices", t("matrix.title"), t("matrix.hint"), boxes("matrix", matrices(rests)));
}
if (doc.corpus) {
  const place = make("div", { id: "whole" });
  const { sentences: count, tokens } = doc.corpus;
  section("corpus", t("corpus.title"), t("corpus.over", { sentences: count.toLocaleString("en"), tokens: tokens.toLocaleString("en") }), place);
  place.append(boxes("models", corpus(t, doc, doc.page.models, Math.max(280, Math.min(640, place.clientWidth - 40)))));
}
