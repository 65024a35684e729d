// The parts of one step, in the order in which a network computes them: what it looks up, the neighbours, the layers,
// the scores, and how the tag is chosen. Each part is built once and filled at every step, so that focus stays.
import { make } from "../dom.js";
import { layerName, letterOf, partName, splitName, symbolOf, valuesOf } from "./names.js";
import { createStrip, figure, fullFigure, vectorText } from "./strip.js";
import { createTagTable, shareText } from "./tags.js";

const FEW_UNITS = 16; // of which every number is shown, so that none is named as changed most
const MOST_PATHS = 30; // tags whose best path is listed

const stage = (name, title, ...children) => make("article", { class: "stage", "data-stage": name }, make("h2", {}, title), children.flat());

/**
 * A strip of one quantity, which is filled from the documents of a step and of the one that was read before.
 *
 * name    for people; "" for the symbol with the step, such as h(3)
 */
function quantityStrip(app, what, name, open) {
  const [, symbol] = splitName(what);
  const strip = createStrip(app.t, (unit) => open(what, unit));
  strip.element.dataset.what = what;
  return {
    element: strip.element,
    update(context, beforeDocument = null) {
      const values = valuesOf(context.now, what) || [];
      const before = beforeDocument && (valuesOf(beforeDocument, what) || null);
      const vector = values.length <= 4 ? ` = ${vectorText(values)}` : "";
      const place = `(${context.now.step + 1})`;
      strip.update({
        label: `${name || symbol + place}${vector}`, symbol, place, values, before,
        scale: context.scaleOf(what),
        chosen: context.state.what === what ? context.state.unit : -1,
      });
    },
  };
}

/** The parts of the input: the rows that a token selects and the vector that they make. */
function inputStage(app, first, open) {
  const { t } = app;
  const parts = first.inputs.map((part) => {
    const rows = make("ul", { class: "rows", "aria-label": partName(t, part.name) });
    const note = make("p", { class: "hint" });
    const strip = part.vector.length ? quantityStrip(app, `input/${part.name}`, "", open) : null;
    const element = make("section", { class: "part" }, make("h3", {}, partName(t, part.name)), rows, note, strip && strip.element);
    return { part, rows, note, strip, element };
  });
  return {
    element: stage("inputs", t("steps.stage.inputs"), make("div", { class: "parts" }, parts.map(({ element }) => element))),
    update(context) {
      parts.forEach(({ rows, note, strip }, n) => {
        const part = context.now.inputs[n];
        rows.replaceChildren(...part.rows.map(({ row, text }) =>
          make("li", { class: text === null ? "unknown" : null, title: t("steps.row", { row: row + 1 }) }, text === null ? t("steps.unknown") : text)),
        ...(part.count > part.rows.length ? [make("li", { class: "more" }, `+ ${part.count - part.rows.length}`)] : []));
        const key = !part.count ? "steps.rows.none" : part.name === "onehot" ? "steps.rows.onehot" : part.count === 1 ? "steps.rows.one" : "steps.rows.many";
        note.textContent = t(key, { count: part.count });
        if (strip) strip.update(context);
      });
    },
  };
}

/** The tokens that are read together, and the vector that neighbours are added to. */
function neighbourStage(app, first, model, open) {
  const { t } = app;
  const tokens = make("p", { class: "window" });
  const strips = first.added
    ? [quantityStrip(app, "window/z", "", open), quantityStrip(app, "window/x", "", open)]
    : [];
  return {
    element: stage("neighbours", t("steps.stage.neighbours"), tokens,
      make("p", { class: "hint" }, t(first.added ? "steps.neighbours.added" : "steps.neighbours.joined")), strips.map(({ element }) => element)),
    update(context) {
      tokens.replaceChildren(...context.now.window.map(({ offset, token }) => make("span", { class: offset ? "neighbour" : "neighbour own", dir: "auto" }, token)));
      strips.forEach((strip) => strip.update(context));
    },
  };
}

/** The units that changed most since the step read before. */
function changes(app, what, open) {
  const { t } = app;
  const element = make("p", { class: "changes" });
  return {
    element,
    update(context, beforeDocument) {
      const values = valuesOf(context.now, what);
      const before = beforeDocument && valuesOf(beforeDocument, what);
      element.hidden = !before || values.length <= FEW_UNITS;
      if (element.hidden) return;
      const apart = values.map((value, unit) => [Math.abs(value - before[unit]), unit]).sort((a, b) => b[0] - a[0]).slice(0, 3);
      const buttons = apart.map(([, unit]) => {
        const name = symbolOf(what, context.now.step, unit, context.tags);
        return make("button", { type: "button", class: "link", title: `${name}: ${fullFigure(before[unit])} → ${fullFigure(values[unit])}`, click: () => open(what, unit) },
          `${name} ${figure(before[unit])} → ${figure(values[unit])}`);
      });
      element.replaceChildren(make("span", {}, t("steps.changed")), ...buttons);
    },
  };
}

/** One direction of a layer: h beside that of the step read before, its gates and state, and what is fed back. */
function direction(app, layer, first, model, open, openAt) {
  const { t } = app;
  const read = make("p", { class: "hint reads" });
  const memory = ["fnn", "jordan"].includes(model.arch) ? (layer.fed_back ? "output" : "nothing") : "h";
  const h = quantityStrip(app, `${layer.name}/h`, "", open);
  const changed = changes(app, `${layer.name}/h`, open);
  const inside = [...Object.keys(layer.gates).filter((gate) => layer.gates[gate].length), ...(layer.state ? ["state"] : [])];
  const nameOf = (name) => `${t(`steps.gate.${name}`)} ${letterOf(model.cell, name)}`;
  const inner = inside.map((name) => quantityStrip(app, `${layer.name}/${name}`, nameOf(name), open));
  const names = inside.map(nameOf).join(t("steps.comma"));
  const details = inner.length ? make("details", { class: "gates", toggle: () => drawInner() }, make("summary", {}, names), inner.map(({ element }) => element)) : null;
  let now = null; // context and document of the step before, for gates that are opened later
  const drawInner = () => { if (details?.open && now) inner.forEach((strip) => strip.update(...now)); };

  const fed = layer.fed_back
    ? createTagTable(t, t("steps.fed"), [{ name: "y", isShare: true, open: (tag) => openAt("output/y", now[1].step, tag) }])
    : null;
  const fedNote = make("p", { class: "hint" });
  const fedElement = fed && make("div", { class: "fed-back" }, make("h3", {}, t("steps.fed")), fedNote, fed.element);
  const title = layer.name === "layer 1" || !/ward$/.test(layer.name) ? null : make("h3", {}, `${/ forward$/.test(layer.name) ? "→" : "←"} ${layerName(t, layer.name)}`);
  return {
    element: make("section", { class: "direction", "data-layer": layer.name }, title, read, fedElement, h.element, changed.element, details),
    update(context) {
      const own = context.now.layers.find((other) => other.name === layer.name);
      const beforeDocument = own.before === null ? null : context.known.get(own.before) || null;
      now = [context, beforeDocument];
      const key = `steps.reads.${own.before === null ? "first." : ""}${own.before === null && memory !== "h" ? "other" : memory}`;
      read.textContent = t(key, { token: own.before === null ? "" : context.tokens[own.before], step: (own.before ?? 0) + 1 });
      h.update(context, beforeDocument);
      changed.update(context, beforeDocument);
      drawInner();
      if (fed) {
        const values = context.tags.map((tag) => own.fed_back[tag]);
        const place = own.before === null ? 0 : own.before + 1;
        fedNote.textContent = t(own.before === null ? "steps.fed.first" : "steps.fed.before", { step: place, token: own.before === null ? "" : context.tokens[own.before] });
        fed.update({
          tags: context.tags, values: { y: values }, heads: { y: `ŷ(${place})` }, symbols: { y: (tag) => `ŷ[${tag}](${place})` },
          order: context.tags.map((_, n) => n).sort((a, b) => values[b] - values[a]), chosen: -1, scale: 1,
          canOpen: Boolean(beforeDocument), open: null,
        });
      }
    },
  };
}

function layerStage(app, number, layers, first, model, open, openAt) {
  const { t } = app;
  const directions = layers.map((layer) => direction(app, layer, first, model, open, openAt));
  const cell = t(`steps.cell.${model.cell}`);
  return {
    element: stage(`layer ${number}`, t("steps.stage.layer", { number, cell, units: model.hidden }), make("div", { class: "directions" }, directions.map(({ element }) => element))),
    update: (context) => directions.forEach((one) => one.update(context)),
  };
}

/** o, its softmax, and the marginals of a CRF. */
function scoreStage(app, model, open) {
  const { t } = app;
  const isCrf = model.output === "crf";
  const columns = [
    { name: "o", isShare: false, open: (tag) => open("output/o", tag) },
    { name: "y", isShare: true, open: (tag) => open("output/y", tag) },
    ...(isCrf ? [{ name: "p", isShare: true, open: null }] : []),
  ];
  const table = createTagTable(t, t("steps.stage.scores"), columns);
  const vector = make("p", { class: "equation-text" });
  let isSorted = true;
  let last = null;
  const sort = make("button", { type: "button", class: "quiet", click: () => { isSorted = !isSorted; draw(last); } });
  function draw(context) {
    last = context;
    const { now, tags } = context;
    const place = `(${now.step + 1})`;
    sort.textContent = t(isSorted ? "steps.sorted" : "steps.unsorted");
    sort.hidden = tags.length < 3;
    vector.hidden = tags.length > 4;
    if (!vector.hidden) vector.replaceChildren(make("b", {}, `o${place}`), ` = ${vectorText(now.scores)}`);
    const order = tags.map((_, n) => n);
    if (isSorted) order.sort((a, b) => now.probabilities[b] - now.probabilities[a] || now.scores[b] - now.scores[a]);
    const { what, unit } = context.state;
    table.update({
      tags, order: tags.length < 3 ? tags.map((_, n) => n) : order, chosen: tags.indexOf(now.tag), scale: context.scaleOf("output/o"),
      values: { o: now.scores, y: now.softmax, p: now.probabilities },
      heads: { o: t("steps.head.o", { place }), y: t("steps.head.y", { place }), p: t("steps.head.p") },
      symbols: { o: (tag) => `o[${tag}]${place}`, y: (tag) => `ŷ[${tag}]${place}`, p: (tag) => `P(${tag})` },
      open: what === "output/o" ? ["o", unit] : what === "output/y" ? ["y", unit] : null,
    });
  }
  return {
    element: stage("scores", t("steps.stage.scores"), make("p", { class: "hint" }, t(isCrf ? "steps.scores.crf" : "steps.scores.softmax")), vector, table.element, sort),
    update: draw,
  };
}

/** How the tag was chosen: by itself, or with a move from the tag before. */
function choiceStage(app, model) {
  const { t } = app;
  const isCrf = model.output === "crf";
  const words = make("ul", { class: "verdict" });
  const body = make("tbody");
  const summary = make("summary", {}, t("steps.paths"));
  const heads = ["tag", "best", "previous"].map((name) => make("th", { scope: "col" }, t(`steps.path.${name}`)));
  const details = make("details", {}, summary, make("p", { class: "hint" }, t("steps.paths.hint")),
    make("div", { class: "scroll" }, make("table", { class: "terms" }, make("thead", {}, make("tr", {}, heads)), body)));
  const whole = make("p", { class: "hint" });
  return {
    element: stage("choice", t("steps.stage.choice"), words, details, whole),
    update({ now, tags, decoded }) {
      const { move } = now;
      const values = { tag: now.tag, probability: shareText(now.probabilities[tags.indexOf(now.tag)]) };
      const said = [make("li", { class: "decision" }, t("steps.choice.tag", values))];
      const say = (key, more) => said.push(make("li", {}, t(key, more)));
      // Without a CRF a move has no score of its own: it is allowed or not.
      const score = (value) => (value <= -10000 ? t("steps.forbidden") : isCrf || value !== 0 ? figure(value, true) : t("steps.allowed"));
      details.hidden = !move;
      if (!move) say("steps.choice.alone");
      else {
        if (move.from === null) say("steps.choice.first", { to: move.to, score: score(move.score) });
        else say("steps.choice.move", { from: move.from, to: move.to, score: score(move.score) });
        const best = now.scores.indexOf(Math.max(...now.scores));
        if (tags[best] !== now.tag) say("steps.choice.other", { other: tags[best], score: figure(now.scores[best]), tag: now.tag });
        if (move.last !== null) say("steps.choice.last", { to: move.to, score: score(move.last) });
        const order = tags.map((_, n) => n).sort((a, b) => move.best[b] - move.best[a]).slice(0, MOST_PATHS);
        body.replaceChildren(...order.map((n) => make("tr", { class: tags[n] === now.tag ? "chosen" : null }, make("th", { scope: "row" }, tags[n]),
          make("td", { class: "value", title: fullFigure(move.best[n]) }, move.best[n] <= -5000 ? t("steps.forbidden") : figure(move.best[n])),
          make("td", {}, move.previous ? tags[move.previous[n]] : t("steps.path.start")))));
      }
      words.replaceChildren(...said);
      const parts = { score: figure(decoded.score), partition: figure(decoded.log_partition), probability: shareText(decoded.probability) };
      whole.textContent = t(decoded.log_partition === null ? "steps.whole.softmax" : "steps.whole.crf", parts);
      whole.title = `${fullFigure(decoded.score)}, ${fullFigure(decoded.probability)}`;
    },
  };
}

/** Whether the stages of one network also fit another: the same parts, layers and tags. */
export function shapeOf(model, document, tags) {
  return JSON.stringify([model, document.inputs.map((part) => [part.name, part.vector.length > 0]), Boolean(document.added),
    document.layers.map((layer) => [layer.name, Object.keys(layer.gates), Boolean(layer.state), Boolean(layer.fed_back)]), tags.length]);
}

/**
 * The stages of a network.
 *
 * first   the document of any of its steps
 * open    is called with a quantity and a unit of this step; openAt, with a quantity, a step and a unit
 */
export function createStages(app, model, first, open, openAt) {
  const numbers = [...new Set(first.layers.map((layer) => /^layer (\d+)/.exec(layer.name)[1]))];
  return [
    inputStage(app, first, open),
    ...(model.window ? [neighbourStage(app, first, model, open)] : []),
    ...numbers.map((number) => layerStage(app, number, first.layers.filter((layer) => splitName(`${layer.name}/`)[0].split(" ")[1] === number), first, model, open, openAt)),
    scoreStage(app, model, open),
    choiceStage(app, model),
  ];
}
