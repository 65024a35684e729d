// A training that is watched: loss and score, the gradient by distance, and the labels of two texts, epoch by epoch.
import { make, percent } from "../dom.js";
import { textField } from "../field.js";
import { FORM, settingKeys } from "../settings.js";
import { stop, train, training, watch } from "../training.js";
import { chart, short } from "./chart.js";
import { createMap, LEAST, scale } from "./gradient_map.js";
import { numbersTable, scrolling } from "./tables.js";
import { tagged } from "./tagged.js";

const FRACTIONS = ["learning_rate", "clip"]; // the other numbers are whole
const KEEPS_HIDDEN = ["elman", "bidirectional"]; // the others take simple units alone
const REACH = 26; // distances of the maps at least, so that two runs have one scale from the beginning

const isGated = (settings) => KEEPS_HIDDEN.includes(settings.arch) && settings.cell !== "simple";

/** What a run is called: elman · lstm · 32. */
function nameOf({ arch, cell, activation, hidden, layers }) {
  const units = isGated({ arch, cell }) ? cell : activation;
  return [arch, units, layers > 1 ? `${layers} × ${hidden}` : hidden].join(" · ");
}

export function create(app) {
  const { t, source } = app;

  // Settings --------------------------------------------------------------------------------------------------
  const fields = {};
  for (const [key, { enum: values, minimum, maximum }] of Object.entries(FORM)) {
    if (values) {
      fields[key] = make("select", { "data-key": key, change: () => app.set({ [key]: fields[key].value }) }, values.map((value) => make("option", { value }, value)));
    } else {
      const step = FRACTIONS.includes(key) ? "any" : 1;
      fields[key] = make("input", { "data-key": key, type: "number", required: true, min: minimum, max: maximum, step, inputmode: "decimal", input: () => {
        if (fields[key].validity.valid) app.set({ [key]: fields[key].valueAsNumber });
      } });
    }
  }
  const labels = Object.fromEntries(settingKeys.map((key) => [key, make("label", { class: "setting" }, make("span", {}, t(`train.${key}`)), fields[key])]));
  const texts = [textField(app, "text", t("train.text")), textField(app, "other", t("train.other"))];
  const start = make("button", { type: "submit", class: "main" }, t("train.start"));
  const both = make("button", { type: "button", click: () => go([{ arch: "elman", cell: "simple", activation: "tanh" }, { arch: "elman", cell: "lstm" }]) }, t("train.both"));
  const end = make("button", { type: "button", class: "stop", click: () => stop(source).catch(app.problem) }, t("train.stop"));
  const form = make("form", { class: "settings-form", "aria-label": t("train.settings"), submit: (event) => { event.preventDefault(); go([{}]); } },
    make("div", { class: "setting-grid" }, settingKeys.map((key) => labels[key])),
    make("div", { class: "setting-texts" }, texts.map((field) => field.element)),
    make("div", { class: "actions" }, start, end, both));

  /** Train with the settings of the form and some changes to them, one training after the other. */
  async function go(changes) {
    app.problem(null);
    try {
      for (const change of changes) {
        app.set(change);
        const state = app.state;
        const settings = Object.fromEntries(settingKeys.map((key) => [key, state[key]]));
        if (!KEEPS_HIDDEN.includes(settings.arch)) settings.cell = "simple";
        await train(source, settings, [state.text, state.other].filter((text) => text.trim()));
        const done = training.runs.at(-1);
        if (done && done.end) {
          source.forget("trained");
          await app.refresh();
          if (done.end.stopped) break;
        }
      }
    } catch (error) {
      app.problem(error);
    }
  }

  // What is shown ---------------------------------------------------------------------------------------------
  const said = make("p", { class: "train-said", role: "status" });
  const use = make("div", { class: "actions", hidden: true },
    make("button", { type: "button", click: () => app.set({ model: "trained", view: "label" }) }, t("train.use_label")),
    make("button", { type: "button", click: () => app.set({ model: "trained", view: "steps", step: 0, what: "" }) }, t("train.use_steps")));
  const charts = make("div", { class: "chart-grid" });
  const maps = [createMap(t), createMap(t)];
  const path = make("select", { change: () => { chosen = path.value; draw(); } });
  const pathChoice = make("label", { class: "choice" }, make("span", {}, t("train.path")), path);
  const decay = make("div", {});
  const mapGrid = make("div", { class: "map-grid" }, maps.map((map) => map.element), decay);
  const noMemory = make("p", { class: "hint" }, t("train.no_memory"));
  const lead = make("p", { class: "explained" });
  const gradient = make("div", { class: "gradient" }, make("h2", {}, t("train.gradient")), make("p", { class: "hint" }, t("train.gradient_hint")), pathChoice,
    scale(t), lead, mapGrid, noMemory);
  const now = make("div", { class: "train-now" });
  const history = scrolling(t("train.history"), "");
  const table = make("div", { class: "numbers-of-run" });
  const shown = make("div", { hidden: true }, charts, gradient,
    make("h2", {}, t("train.examples")), make("p", { class: "hint" }, t("train.examples_hint")), now, history,
    make("details", {}, make("summary", {}, t("train.numbers")), table));
  const empty = make("p", { class: "hint" }, t("train.empty"));
  const element = make("section", { class: "train", "aria-label": t("view.train") }, make("p", { class: "hint" }, t("train.hint")), form, said, use, empty, shown);
  let chosen = "";

  const keyOf = (curve) => `${curve.name}, ${t(`train.path.${curve.path}`)}`;
  const keysOf = (run) => [...new Set(run.epochs.flatMap((epoch) => epoch.curves.map(keyOf)))];
  /** For each epoch of a run the shares of the chosen curve; empty where there is none. */
  const sharesOf = (run, key) => run.epochs.map((epoch) => (epoch.curves.find((curve) => keyOf(curve) === key) || epoch.curves[0] || { left: [] }).left);
  const score = (value, metric) => (value === null || value === undefined ? "–" : metric === "loss" ? short(value) : percent(value));
  const metricOf = (metric) => t(["f1", "accuracy", "loss"].includes(metric) ? `train.metric.${metric}` : "train.metric.score");

  function status(run) {
    const last = run.epochs.at(-1);
    const parts = [];
    if (run.end) {
      parts.push(t(run.end.stopped ? "train.stopped" : "train.done", {
        name: nameOf(run.settings), epochs: run.end.epochs, best: run.end.best_epoch, metric: metricOf(run.end.metric), score: score(run.end.score, run.end.metric), seconds: run.end.seconds.toFixed(1),
      }));
    } else if (run.error) parts.push(t("train.failed", { message: [run.error.message, run.error.hint].filter(Boolean).join(" · ") }));
    else if (last) parts.push(t("train.going", { name: nameOf(run.settings), epoch: last.number, planned: last.planned || run.settings.epochs, loss: short(last.loss), metric: metricOf(last.metric), score: score(last.score, last.metric) }));
    else parts.push(t("train.begins", { name: nameOf(run.settings) }));
    for (const { epoch, batch, good_epoch, rate } of run.diverged) {
      parts.push(t(rate ? "train.diverged" : "train.diverged_end", { epoch, batch, good: good_epoch ? t("train.good", { epoch: good_epoch }) : t("train.initial"), rate: short(rate) }));
    }
    said.textContent = parts.join(" ");
  }

  function drawCharts(runs) {
    const lines = (value) => runs.map((run, n) => ({
      name: nameOf(run.settings), kind: n === runs.length - 1 ? "one" : "two", points: run.epochs.map((epoch) => [epoch.number, value(epoch)]),
    }));
    const reach = Math.max(...runs.map((run) => Math.max(run.epochs.length, run.end ? 0 : run.settings.epochs)));
    const metric = (runs.at(-1).epochs.at(-1) || {}).metric;
    charts.replaceChildren(
      chart({ title: t("train.loss"), x: t("train.epoch"), y: t("train.loss_unit"), lines: lines((epoch) => epoch.loss), range: [0, 0.1], reach }),
      chart({ title: t("train.score", { metric: metricOf(metric) }), x: t("train.epoch"), y: t("train.score_unit"), lines: lines((epoch) => (epoch.score === null || metric === "loss" ? epoch.score : 100 * epoch.score)), range: [0, metric === "loss" ? 1 : 100], reach }));
    return reach;
  }

  function drawGradients(runs, epochs) {
    const run = runs.at(-1);
    const keys = [...new Set(runs.flatMap(keysOf))];
    noMemory.hidden = keys.length > 0 || !run.epochs.length;
    mapGrid.hidden = keys.length === 0;
    pathChoice.hidden = keys.length < 2;
    if (!keys.length) return lead.replaceChildren();
    const own = keysOf(run);
    const key = keys.includes(chosen) ? chosen : own[0] || keys[0];
    if ([...path.options].map((option) => option.value).join() !== keys.join()) path.replaceChildren(...keys.map((name) => make("option", { value: name }, name)));
    path.value = key;
    const shares = runs.map((one) => sharesOf(one, key));
    const reach = Math.max(REACH, ...shares.flat().map((row) => row.length));
    maps.forEach((map, n) => {
      map.element.hidden = !runs[n];
      if (runs[n]) map.draw({ title: nameOf(runs[n].settings), rows: shares[n], epochs, reach });
    });
    const sentences = runs.flatMap((one, n) => {
      const row = shares[n].at(-1) || [];
      const at = [10, 20].filter((k) => k < row.length && row[k] !== null);
      return at.length ? [t("train.left", { name: nameOf(one.settings), epoch: shares[n].length, shares: at.map((k) => t("train.left_at", { distance: k, share: share(row[k]) })).join(t("list.join")) })] : [];
    });
    lead.replaceChildren(...sentences.flatMap((text, n) => (n ? [make("br"), text] : [text])));
    const lines = runs.map((one, n) => ({
      name: t("train.of_epoch", { name: nameOf(one.settings), epoch: shares[n].length }), kind: n === runs.length - 1 ? "one" : "two", points: (shares[n].at(-1) || []).map((value, k) => [k, value]),
    }));
    decay.replaceChildren(chart({ title: t("train.curve"), x: t("train.distance"), y: t("train.curve_unit"), lines, range: [LEAST, 0], reach: reach - 1, start: 0, logarithm: true }));
  }
  const share = (value) => (value >= 0.001 ? percent(value) : short(value));

  function drawExamples(run) {
    const rows = [run.begin, ...run.epochs].filter((event) => event && event.texts.length);
    const last = run.end && run.end.texts.length ? run.end : rows.at(-1);
    now.replaceChildren(...(last ? last.texts.map((text) => tagged(text)) : []));
    const head = last ? last.texts.flatMap((text, n) => text.tokens.map((token, place) => make("th", { scope: "col", class: n && !place ? "next" : null, dir: "auto" }, token.text))) : [];
    const body = rows.map((event, r) => make("tr", { class: run.end && event.number === run.end.best_epoch ? "best" : null },
      make("th", { scope: "row" }, event.number === undefined ? t("train.before") : `${event.number}${run.end && event.number === run.end.best_epoch ? " ★" : ""}`),
      event.texts.flatMap((text, n) => text.tokens.map((token, place) => {
        const was = r ? rows[r - 1].texts[n].tokens[place].tag : token.tag;
        const cell = make("td", { class: ["tag", token.tag === was ? "" : "new", n && !place ? "next" : "", token.tag === "O" ? "none" : ""].join(" ").trim(), title: String(token.probability) }, token.tag);
        cell.style.setProperty("--strength", `${Math.round(35 * token.probability)}%`);
        return cell;
      }))));
    history.replaceChildren(make("table", { class: "history" }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("train.epoch")), head)), make("tbody", {}, body.reverse())));
  }

  function drawTable(run) {
    const columns = ["epoch", "loss_column", "score_column", "seconds", "clipped", "kept"].map((key) => t(`train.${key}`));
    table.replaceChildren(numbersTable(columns, run.epochs.map((epoch) => [
      String(epoch.number), epoch.loss === null ? "–" : epoch.loss.toFixed(4), epoch.score === null ? "–" : epoch.score.toFixed(4), epoch.seconds.toFixed(2), `${epoch.clipped} / ${epoch.steps}`, epoch.kept ? "✓" : "",
    ])));
  }

  function draw() {
    const { runs, running } = training;
    start.disabled = both.disabled = running;
    end.disabled = !running;
    empty.hidden = runs.length > 0;
    shown.hidden = runs.length === 0;
    use.hidden = running || !runs.length || !runs.at(-1).end || !app.models.some((model) => model.name === "trained");
    if (!runs.length) {
      said.textContent = "";
      return;
    }
    const run = runs.at(-1);
    status(run);
    drawGradients(runs, drawCharts(runs));
    drawExamples(run);
    drawTable(run);
  }

  watch(() => { if (element.isConnected) draw(); }, app.signal);
  return {
    element,
    /** Begin at once with the settings of the state. */
    begin: () => go([{}]),
    update(state) {
      for (const key of settingKeys) if (document.activeElement !== fields[key]) fields[key].value = state[key];
      fields.cell.disabled = !KEEPS_HIDDEN.includes(state.arch);
      if (fields.cell.disabled) fields.cell.value = "simple";
      fields.activation.disabled = isGated(state);
      texts.forEach((field) => field.update(state));
      draw();
    },
  };
}
