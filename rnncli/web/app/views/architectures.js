// Small networks side by side on two texts: which of them can tell a word in the one from the same word in the other?
import { make, number, percent, svg } from "../dom.js";
import { textField } from "../field.js";
import { ask, names, networks, watch } from "../networks.js";
import { tagged } from "./tagged.js";

const PAUSE = 400; // milliseconds after the last key, before the texts are asked for
const PER_ROW = 32; // cells of a strip

/** The pairs of an alignment that both texts have. */
const shared = (document) => document.alignment.filter(([i, j]) => i !== null && j !== null);
const wordAt = (document, [i]) => document.texts[0].tokens[i].text;
const tagsAt = (document, [i, j]) => [document.texts[0].tokens[i].tag, document.texts[1].tokens[j].tag];
const isSame = (document, [i, j]) => document.texts[0].tokens[i].text === document.texts[1].tokens[j].text;
const differs = (document, pair) => { const [one, two] = tagsAt(document, pair); return one !== two; };

/** The word to look at, as a place among the shared pairs: one that most networks tell apart, else the first after a difference. */
function placeOf(documents) {
  const pairs = shared(documents[0]);
  const places = pairs.map((pair, place) => place).filter((place) => isSame(documents[0], pairs[place]));
  const counts = places.map((place) => documents.filter((document) => differs(document, pairs[place])).length);
  const most = Math.max(0, ...counts);
  if (most) return places[counts.indexOf(most)];
  const first = documents[0].alignment.findIndex(([i, j]) => i === null || j === null || !isSame(documents[0], [i, j]));
  return places.find((place) => documents[0].alignment.indexOf(pairs[place]) > first) ?? places[0] ?? 0;
}

/** What a memory holds when its direction reaches a token: the vector of the token read before, or null at the first. */
function before(memory, token) {
  return memory.values[memory.name.endsWith("backward") ? token + 1 : token - 1] || null;
}

/** Whether a direction has read the same words in both texts when it reaches a pair, that pair included. */
function hasReadTheSame(document, [i, j], isBackward) {
  const read = (text, at) => (isBackward ? text.tokens.slice(at) : text.tokens.slice(0, at + 1)).map((token) => token.text).join("\n");
  return read(document.texts[0], i) === read(document.texts[1], j);
}

const zeros = (length) => new Array(length).fill(0);
const distance = (one, two) => Math.hypot(...one.map((value, unit) => value - two[unit]));

export function create(app) {
  const { t, source } = app;
  const texts = [textField(app, "text", t("architectures.text")), textField(app, "other", t("architectures.other"))];
  const start = make("button", { type: "button", class: "main", click: begin }, t("architectures.start"));
  const word = make("select", { change: () => { chosen = Number(word.value); draw(); } });
  const wordChoice = make("label", { class: "choice", hidden: true }, make("span", {}, t("architectures.word")), word);
  const said = make("p", { class: "train-said", role: "status" });
  const grid = make("div", { class: "cards" });
  const legend = make("div", { class: "legend", hidden: true }, make("span", {}, t("architectures.legend")), make("span", {}, "−1"), make("span", { class: "ramp signed" }), make("span", {}, "+1"));
  const element = make("section", { class: "architectures", "aria-label": t("view.architectures") },
    make("p", { class: "hint" }, t("architectures.hint")),
    make("div", { class: "setting-texts" }, texts.map((field) => field.element)),
    make("div", { class: "actions" }, start, wordChoice), said, grid, legend);
  let chosen = -1; // the shared word that was chosen; −1: the one that says most
  let timer = 0;

  const given = () => [app.state.text, app.state.other];
  const isOf = (pair) => networks.texts.length === 2 && networks.texts.every((text, n) => text === pair[n]);

  function begin() {
    clearTimeout(timer);
    ask(source, given());
  }

  /** A vector of both texts, one below the other, as two rows of cells for each 32 units. */
  function strip(label, one, two) {
    const pieces = [];
    for (let from = 0; from < one.length; from += PER_ROW) {
      const cells = [one, two].flatMap((values, row) => values.slice(from, from + PER_ROW).map((value, n) => {
        const cell = svg("rect", { x: n * 10, y: row * 13, width: 10, height: 12 }, svg("title", {}, `${label} ${from + n + 1}: ${value}`));
        cell.style.setProperty("--hue", value < 0 ? "var(--minus)" : "var(--plus)");
        cell.style.setProperty("--strength", `${Math.round(100 * Math.min(1, Math.abs(value)))}%`);
        return cell;
      }));
      pieces.push(svg("svg", { class: "twin", viewBox: `0 0 ${10 * PER_ROW} 25`, "aria-hidden": "true" }, cells));
    }
    const apart = distance(one, two);
    return make("div", { class: "memory-strip", role: "img", "data-distance": String(apart), "aria-label": t("architectures.memory_said", { name: label, distance: number(apart) }) },
      make("p", { class: "units" }, make("span", {}, label), " ", make("span", {}, t("architectures.distance", { distance: number(apart) }))), pieces);
  }

  /** The tag of the word before, in both texts: what a memory of outputs says. */
  function tagsBefore(row, [i, j]) {
    const [one, two] = [row.document.texts[0].tokens[i - 1], row.document.texts[1].tokens[j - 1]];
    if (!one || !two) return null;
    return make("p", { class: "units" }, [one, two].map((token) => t("architectures.after", { word: token.text, tag: token.tag, probability: token.probability.toFixed(3) })).join(" · "));
  }

  function memories(row, pair) {
    const [first, second] = row.document.texts;
    if (row.document.model.arch === "fnn" || !first.memories.length) return [make("p", { class: "units nothing" }, t("architectures.nothing"))];
    const kept = first.memories.map((memory, n) => [memory, second.memories[n]]).filter(([memory]) => row.name !== "jordan" || memory.name === "output");
    return kept.flatMap(([one, two]) => {
      const read = [before(one, pair[0]), before(two, pair[1])];
      const name = nameOfMemory(one.name);
      if (!read[0] && !read[1]) return [make("p", { class: "units nothing" }, t("architectures.empty", { name }))];
      const shown = strip(t("architectures.memory", { name }), ...read.map((values) => values || zeros(one.values[0].length)));
      return one.name === "output" ? [shown, tagsBefore(row, pair)] : [shown];
    });
  }
  const nameOfMemory = (name) => (name === "output" ? t("memory.output") : name.endsWith("backward") ? t("memory.backward") : name.endsWith("forward") ? t("memory.forward") : t("memory.hidden"));

  function why(row, pair) {
    const { document, name } = row;
    const isApart = differs(document, pair);
    if (name === "fnn") return t("why.fnn", { word: wordAt(document, pair) });
    if (hasReadTheSame(document, pair, false) && name !== "bidirectional") return t("why.not_yet", { word: wordAt(document, pair) });
    return t(`why.${name}.${isApart ? "apart" : "same"}`, { word: wordAt(document, pair) });
  }

  function card(name, place) {
    const row = networks.rows.get(name);
    const head = make("div", { class: "card-head" }, make("h2", {}, t(`network.${name}`)), make("p", { class: "units" }, t(`network.${name}.keeps`)));
    if (!row) return make("article", { class: "panel waiting", "data-network": name }, head, make("p", { class: "hint" }, networks.running ? t("architectures.waiting") : ""));
    const { document } = row;
    const pair = shared(document)[place];
    const tags = pair && tagsAt(document, pair);
    const isApart = pair && differs(document, pair);
    return make("article", { class: "panel", "data-network": name }, head,
      document.texts.map((text, n) => tagged(text, pair ? [pair[n]] : [])),
      pair && make("p", { class: isApart ? "decided apart" : "decided" }, make("span", { "aria-hidden": "true" }, isApart ? "≠" : "="),
        make("span", {}, isApart ? t("architectures.apart", { word: wordAt(document, pair), one: tags[0], two: tags[1] }) : t("architectures.same", { word: wordAt(document, pair), tag: tags[0] }))),
      pair && memories(row, pair),
      pair && make("p", { class: "why" }, why(row, pair)),
      make("p", { class: "units facts" }, t("architectures.facts", { metric: t(["f1", "accuracy", "loss"].includes(row.metric) ? `train.metric.${row.metric}` : "train.metric.score"), score: percent(row.score), epochs: row.epochs, seconds: row.seconds.toFixed(1) })));
  }

  function draw() {
    const rows = [...networks.rows.values()];
    const documents = rows.map((row) => row.document);
    let place = 0;
    if (documents.length) {
      const pairs = shared(documents[0]);
      place = chosen >= 0 && chosen < pairs.length ? chosen : placeOf(documents);
      word.replaceChildren(...pairs.map((pair, n) => [pair, n]).filter(([pair]) => isSame(documents[0], pair)).map(([pair, n]) => make("option", { value: n }, `${n + 1}: ${wordAt(documents[0], pair)}`)));
      word.value = String(place);
    }
    wordChoice.hidden = legend.hidden = !documents.length;
    start.disabled = networks.running;
    grid.replaceChildren(...(rows.length || networks.running ? names.map((name) => card(name, place)) : []));
    said.textContent = networks.running ? t("architectures.running", { count: rows.length, all: names.length }) : summary(documents, place);
    app.problem(networks.error);
  }

  function summary(documents, place) {
    if (!documents.length) return "";
    const pair = shared(documents[0])[place];
    if (!pair) return t("architectures.no_word");
    const apart = names.filter((name) => networks.rows.has(name) && differs(networks.rows.get(name).document, pair));
    const list = (some) => some.map((name) => t(`network.${name}`)).join(t("list.join"));
    return t(apart.length ? "architectures.summary" : "architectures.summary_none", { word: wordAt(documents[0], pair), names: list(apart) });
  }

  watch(() => { if (element.isConnected) draw(); }, app.signal);
  return {
    element,
    begin,
    update(state) {
      texts.forEach((field) => field.update(state));
      if (networks.rows.size && !isOf(given()) && given().every((text) => text.trim())) {
        chosen = -1;
        clearTimeout(timer);
        timer = setTimeout(() => { if (!isOf(given())) begin(); }, PAUSE);
      }
      draw();
    },
  };
}
