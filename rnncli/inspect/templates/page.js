"use strict";
(() => {
  const doc = JSON.parse(document.getElementById("document").textContent);
  const names = doc.page.names;
  // Each text under each model is a panel, in the order in which the page has them.
  const panels = doc.texts.flatMap((text, n) => (doc.compare ? [text, doc.compare.texts[n]] : [text]));
  const explained = {
    ablation: "Ablation: how far the score of the target’s tag falls when the token is replaced by the unknown word. This is what the model really does, so the other two are judged by it.",
    contribution: "Contribution: the token’s share in the score of the target’s tag, by integrated gradients from a text of unknown words. Orange speaks for the tag, blue against it.",
    gradient: "Gradient: how steeply the score of the target’s tag changes with the token’s input, ‖∂s/∂x‖. It has no sign, and is large also where the token is hardly used.",
  };
  const state = { measure: "ablation", targets: panels.map((panel) => panel.spans.length ? panel.spans[0].start : 0) };

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "class") element.className = value; else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };
  const svg = (tag, attributes = {}, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const number = (value, sign) => {
    if (value === null || value === undefined) return "–";
    const digits = Math.abs(value) >= 100 ? 0 : 2;
    const shown = Math.abs(value).toFixed(digits);
    if (Number(shown) === 0) return shown;
    return (value < 0 ? "−" : sign ? "+" : "") + shown;
  };
  const percent = (share) => (share < 0.001 ? "under 0.1 %" : `${(100 * share).toFixed(1)} %`);
  const signed = () => state.measure !== "gradient";
  const row = (panel, target) => panel.connectivity[state.measure][panel.connectivity.targets.indexOf(target)] || [];
  const wordAt = (panel, place) => panel.tokens[place].text;

  // One scale for all panels, so that they can be compared.
  const scales = {};
  for (const measure of Object.keys(explained)) {
    let largest = 0;
    for (const panel of panels) for (const line of panel.connectivity[measure]) for (const v of line) largest = Math.max(largest, Math.abs(v || 0));
    scales[measure] = largest;
  }
  const shade = (element, value) => {
    const scale = scales[state.measure];
    element.style.setProperty("--strength", `${scale ? Math.round(100 * Math.min(1, Math.abs(value || 0) / scale)) : 0}%`);
    element.classList.toggle("minus", value < 0);
  };

  // Sentences ------------------------------------------------------------------------------------------------
  const articles = [...document.querySelectorAll("#sentences .panel")];
  const buttons = articles.map((article) => [...article.querySelectorAll(".token")]);
  const tables = [];

  function legend(element, low, high, withSign) {
    element.replaceChildren(
      make("span", {}, number(low, withSign)), make("span", { class: low < 0 ? "ramp signed" : "ramp" }), make("span", {}, number(high, withSign)),
    );
  }

  function readout(n) {
    const panel = panels[n], target = state.targets[n], values = row(panel, target), token = panel.tokens[target];
    let most = -1;
    values.forEach((value, place) => { if (place !== target && (most < 0 || Math.abs(value) > Math.abs(values[most]))) most = place; });
    let said = `${token.text}: ${token.tag}, probability ${token.probability.toFixed(2)}.`;
    said += ` Rests on itself by ${number(values[target], signed())}`;
    if (most >= 0) said += `, of the others most on ${wordAt(panel, most)}, by ${number(values[most], signed())}`;
    said += ".";
    if (state.measure === "ablation") {
      const changed = panel.connectivity.changed[panel.connectivity.targets.indexOf(target)] || [];
      const words = changed.flatMap((yes, place) => (yes ? [wordAt(panel, place)] : []));
      if (words.length) said += ` Without ${words.join(", or without ")} it is given another tag.`;
    }
    articles[n].querySelector(".readout").textContent = said;
  }

  function draw(n) {
    const panel = panels[n], target = state.targets[n], values = row(panel, target);
    buttons[n].forEach((button, place) => {
      const value = values[place], shown = number(value, signed());
      shade(button, value);
      button.querySelector(".value").textContent = shown;
      button.setAttribute("aria-pressed", String(place === target));
      button.tabIndex = place === target ? 0 : -1;
      button.setAttribute("aria-label", `${panel.tokens[place].text}, ${panel.tokens[place].tag}, ${state.measure} ${shown}`);
      button.title = `${panel.tokens[place].tag} ${panel.tokens[place].probability.toFixed(2)}`;
    });
    readout(n);
    const trust = panel.connectivity.agreement;
    const gaps = panel.connectivity.gap.filter((gap) => gap !== null).sort((one, two) => one - two);
    articles[n].querySelector(".trust").textContent =
      `Rank correlation with ablation: gradient ${number(trust.gradient)}, contribution ${number(trust.contribution)}. ` +
      `Completeness gap of contribution: median ${percent(gaps[gaps.length >> 1] || 0)}, largest ${percent(gaps[gaps.length - 1] || 0)}.`;
    if (tables[n]) [...tables[n].tBodies[0].rows].forEach((line, place) => line.classList.toggle("target", place === target));
  }

  function aim(n, place, focus) {
    const last = panels[n].tokens.length - 1;
    state.targets[n] = Math.max(0, Math.min(last, place));
    draw(n);
    if (doc.compare) { // the same text under the other model follows
      const twin = n % 2 ? n - 1 : n + 1;
      state.targets[twin] = state.targets[n];
      draw(twin);
    }
    if (focus) buttons[n][state.targets[n]].focus();
  }

  articles.forEach((article, n) => {
    buttons[n].forEach((button, place) => {
      button.addEventListener("pointerenter", () => aim(n, place));
      button.addEventListener("focus", () => { if (state.targets[n] !== place) aim(n, place); });
      button.addEventListener("click", () => aim(n, place));
    });
    article.querySelector(".sentence").addEventListener("keydown", (event) => {
      const now = state.targets[n], last = panels[n].tokens.length - 1;
      const to = { ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now - 1, ArrowUp: now - 1, Home: 0, End: last }[event.key];
      if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      aim(n, to, true);
    });
  });

  // Matrices -------------------------------------------------------------------------------------------------
  function matrix(n) {
    const panel = panels[n], count = panel.tokens.length, dense = count > 16;
    const table = make("table", { class: dense ? "matrix dense" : "matrix" });
    const head = make("tr", {}, make("td"));
    for (const token of panel.tokens) head.append(make("th", { scope: "col" }, make("span", {}, token.text)));
    table.append(make("thead", {}, head), make("tbody"));
    panel.tokens.forEach((token, target) => {
      const choose = make("button", { type: "button" }, `${token.text} `, make("i", {}, token.tag));
      choose.addEventListener("click", () => aim(n, target));
      const line = make("tr", {}, make("th", { scope: "row" }, choose));
      for (let place = 0; place < count; place++) line.append(make("td"));
      table.tBodies[0].append(line);
    });
    const said = make("p", { class: "cell-readout" });
    table.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("tbody td");
      if (!cell) return;
      const target = cell.parentNode.sectionRowIndex, place = cell.cellIndex - 1;
      said.textContent = `${panel.tokens[target].tag} of ${wordAt(panel, target)} rests on ${wordAt(panel, place)} by ${number(row(panel, target)[place], signed())}`;
    });
    tables[n] = table;
    const article = make("article", { class: "panel" });
    if (names[n]) article.append(make("h3", {}, names[n]));
    article.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `All tags${names[n] ? ` of ${names[n]}` : ""}` }, table), said);
    return article;
  }

  function fill(n) {
    const panel = panels[n], dense = panel.tokens.length > 16;
    [...tables[n].tBodies[0].rows].forEach((line, target) => {
      row(panel, target).forEach((value, place) => {
        const cell = line.cells[place + 1];
        shade(cell, value);
        if (dense) cell.setAttribute("aria-label", number(value, signed())); else cell.textContent = number(value, signed());
      });
    });
  }

  // Memories -------------------------------------------------------------------------------------------------
  const maps = [];
  const rgb = (name) => {
    const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const long = text.length === 4 ? text.replace(/[0-9a-f]/gi, "$&$&") : text;
    return [1, 3, 5].map((at) => parseInt(long.slice(at, at + 2), 16));
  };
  function paint({ canvas, memory, scale, order }) {
    const [low, high] = scale, context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    const middle = rgb("--card"), plus = rgb("--plus"), minus = rgb("--minus"), largest = Math.max(Math.abs(low), Math.abs(high)) || 1;
    memory.values.forEach((units, t) => order.forEach((unit, y) => {
      const share = Math.min(1, Math.abs(units[unit]) / largest), end = units[unit] < 0 ? minus : plus, at = 4 * (y * canvas.width + t);
      for (let part = 0; part < 3; part++) image.data[at + part] = Math.round(middle[part] + share * (end[part] - middle[part]));
      image.data[at + 3] = 255;
    }));
    context.putImageData(image, 0, 0);
  }
  const named = (units) => (units.length ? units.slice(0, 12).map((unit) => unit + 1).join(", ") + (units.length > 12 ? ` and ${units.length - 12} more` : "") : "none");

  // One scale for hidden layers of both models, and one for outputs.
  function scaleOf(memory) {
    const alike = panels.flatMap((panel) => panel.memories).filter((other) => (other.name === "output") === (memory.name === "output"));
    return [Math.min(...alike.map((other) => other.scale[0])), Math.max(...alike.map((other) => other.scale[1]))];
  }

  function heat(panel, n) {
    const article = make("article", { class: "panel" });
    if (names[n]) article.append(make("h3", {}, names[n]));
    if (!panel.memories.length) article.append(make("p", { class: "units" }, "This architecture keeps nothing in memory."));
    for (const memory of panel.memories) {
      const order = memory.units.order, count = panel.tokens.length, scale = scaleOf(memory), best = order.slice(0, 3).map((unit) => `${unit + 1} (${memory.units.separation[unit].toFixed(2)})`);
      const canvas = make("canvas", { width: count, height: order.length, tabindex: "0", role: "img", "aria-label": `${memory.name}: ${order.length} units by ${count} tokens` });
      canvas.style.height = `${Math.max(48, Math.min(order.length * 3, 420))}px`;
      const axis = make("div", { class: count > 12 ? "axis dense" : "axis", "aria-hidden": "true" }, ...panel.tokens.map((token) => make("span", {}, token.text)));
      const said = make("p", { class: "cell-readout", role: "status" }), scaleLine = make("div", { class: "legend" });
      legend(scaleLine, scale[0], scale[1], scale[0] < 0);
      const at = { t: 0, y: 0 };
      const tell = () => { said.textContent = `unit ${order[at.y] + 1} after ${wordAt(panel, at.t)}: ${number(memory.values[at.t][order[at.y]], true)}`; };
      canvas.addEventListener("pointermove", (event) => {
        const box = canvas.getBoundingClientRect();
        at.t = Math.max(0, Math.min(count - 1, Math.floor((event.clientX - box.left) / box.width * count)));
        at.y = Math.max(0, Math.min(order.length - 1, Math.floor((event.clientY - box.top) / box.height * order.length)));
        tell();
      });
      canvas.addEventListener("focus", tell);
      canvas.addEventListener("keydown", (event) => {
        const move = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
        if (!move) return;
        event.preventDefault();
        at.t = Math.max(0, Math.min(count - 1, at.t + move[0]));
        at.y = Math.max(0, Math.min(order.length - 1, at.y + move[1]));
        tell();
      });
      maps.push({ canvas, memory, scale, order });
      article.append(make("div", { class: "memory" }, make("h4", {}, memory.name),
        make("p", { class: "units" }, `${order.length} units. Tell the tags apart best: ${best.join(", ")}. Saturated: ${named(memory.units.saturated)}. Dead: ${named(memory.units.dead)}.`),
        axis, canvas, make("div", { class: "foot" }, scaleLine, said)));
    }
    return article;
  }
  const repaint = () => maps.forEach(paint);

  // Contrast -------------------------------------------------------------------------------------------------
  function contrast(place) {
    const [a, b] = doc.texts, parts = doc.parts_at;
    const at = (n, key) => {
      const sides = doc.alignment[n].map((token, side) => (token === null ? "(nothing)" : doc.texts[side].tokens[token][key]));
      return sides[0] === sides[1] ? sides[0] : `${sides[0]} | ${sides[1]}`;
    };
    const values = doc.distances.map((distance) => {
      let next = 0;
      return doc.alignment.map((pair) => (pair.includes(null) ? null : distance.values[next++]));
    });
    const verdict = make("ul", { class: "verdict" });
    const say = (text, kind) => verdict.append(make("li", kind ? { class: kind } : {}, text));
    if (parts.tokens === null) say("The texts are the same."); else say(`The texts part at ${at(parts.tokens, "text")}.`);
    parts.memories.forEach((memory, n) => {
      if (memory.first === null) { say(`Memory ${memory.name} is the same in both.`); return; }
      let said = `Memory ${memory.name} parts at ${at(memory.first, "text")}, ${number(values[n][memory.first])} apart`;
      said += memory.far === memory.first ? ", over half of its largest distance." : `; over half of its largest distance from ${at(memory.far, "text")} on.`;
      say(said);
    });
    if (parts.decision === null) say("No token that both texts have gets two tags."); else say(`The tags part at ${at(parts.decision, "text")}: ${at(parts.decision, "tag")}.`, "decision");
    const head = make("tr", {}, ...["a", "tag", "b", "tag"].map((name) => make("th", { scope: "col" }, name)),
      ...doc.distances.map((distance) => make("th", { scope: "col" }, `distance, ${distance.name}`)));
    const body = make("tbody"), largest = values.map((each) => Math.max(0, ...each.filter((v) => v !== null)));
    doc.alignment.forEach(([i, j], n) => {
      const one = i === null ? null : a.tokens[i], two = j === null ? null : b.tokens[j];
      const line = make("tr", one && two && one.tag !== two.tag ? { class: "differs" } : {});
      for (const token of [one, two]) line.append(make("td", {}, token ? token.text : ""), make("td", {}, token ? token.tag : ""));
      values.forEach((each, m) => {
        const cell = make("td");
        if (each[n] !== null) {
          const bar = make("span", { class: "bar", "aria-hidden": "true" });
          bar.style.width = `${largest[m] ? 5 * each[n] / largest[m] : 0}rem`;
          cell.append(bar, number(each[n]));
        }
        line.append(cell);
      });
      body.append(line);
    });
    place.append(verdict, make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Tokens side by side" },
      make("table", { class: "plain" }, make("thead", {}, head), body)));
  }

  // The whole model ------------------------------------------------------------------------------------------
  // Shares against numbers of tokens; the axis begins where the curves need it to.
  function chart(label, xs, ticks, series, unit) {
    const width = Math.max(280, Math.min(640, document.getElementById("whole").clientWidth - 40)), height = 220, left = 44, right = 12, top = 12, bottom = 38;
    const least = Math.min(...series.flatMap(([, values]) => values.filter((value) => value !== null)));
    const low = least > 0.5 ? Math.floor(10 * least) / 10 : 0;
    const x = (n) => left + (width - left - right) * (xs.length > 1 ? n / (xs.length - 1) : 0.5);
    const y = (value) => top + (height - top - bottom) * (1 - (value - low) / (1 - low || 1));
    const drawing = svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
    const key = make("div", { class: "legend" });
    for (const level of [low, (1 + low) / 2, 1]) {
      drawing.append(svg("line", { class: level > low ? "grid" : "rule", x1: left, x2: width - right, y1: y(level), y2: y(level) }));
      drawing.append(svg("text", { x: left - 8, y: y(level) + 4, "text-anchor": "end" }, level.toFixed(2)));
    }
    xs.forEach((name, n) => { if (ticks(n)) drawing.append(svg("text", { x: x(n), y: height - bottom + 18, "text-anchor": "middle" }, String(name).replace("-", "−"))); });
    drawing.append(svg("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, unit));
    series.forEach(([name, values], n) => {
      const kind = n ? "two" : "one";
      const known = values.map((value, place) => [value, place]).filter(([value]) => value !== null);
      drawing.append(svg("path", { class: kind, d: known.map(([value, place], k) => `${k ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`).join(""), "stroke-dasharray": n ? "6 4" : "none" }));
      for (const [value, place] of known) {
        const dot = svg("circle", { class: kind, cx: x(place).toFixed(1), cy: y(value).toFixed(1), r: 2.5 });
        dot.append(svg("title", {}, `${name}, ${xs[place]}: ${value.toFixed(3)}`));
        drawing.append(dot);
      }
      key.append(make("span", { class: `key ${kind}`, "aria-hidden": "true" }), make("span", {}, name));
    });
    return make("div", {}, key, drawing);
  }

  function plainTable(headers, lines) {
    const head = make("tr", {}, ...headers.map((name, n) => make("th", { scope: "col", class: n ? "number" : "" }, name)));
    const body = lines.map((cells) => make("tr", {}, make("th", { scope: "row" }, cells[0]), ...cells.slice(1).map((cell) => make("td", { class: "number" }, cell))));
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": headers.join(", ") },
      make("table", { class: "plain" }, make("thead", {}, head), make("tbody", {}, ...body)));
  }

  function contexts(unit) {
    const body = make("tbody");
    for (const side of ["up", "down"]) for (const each of unit[side]) {
      body.append(make("tr", {}, make("td", { class: "number" }, number(each.value, true)), make("td", { class: "before" }, each.before.join(" ")),
        make("td", { class: "hit" }, each.token), make("td", { class: "after" }, each.after.join(" ")), make("td", {}, each.tag), make("td", { class: "number" }, String(each.line))));
    }
    return make("article", { class: "panel" }, make("h3", {}, `Unit ${unit.unit + 1} of ${unit.memory}: what drives it up and down most`),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Contexts" }, make("table", { class: "contexts" }, make("thead", {}, make("tr", {}, ...["value", "", "token", "", "tag", "line"].map((name) => make("th", { scope: "col" }, name)))), body)));
  }

  function corpus(place) {
    const models = doc.compare ? [doc, doc.compare] : [doc], grid = make("div", { class: "panels" });
    models.forEach((model, n) => {
      const { decay, needed } = model.corpus, article = make("article", { class: "panel" });
      if (doc.compare) article.append(make("h3", {}, doc.page.models[n]));
      const half = decay.overall.half_life.ablation, tokens = (value) => (value === null ? "none" : `${value.toFixed(1)} tokens`);
      article.append(make("h4", {}, "How connectivity decays with distance"),
        make("p", { class: "units" }, `Mean share of the largest value of each target, by distance. Half-life by ablation: ${tokens(half.before)} backward, ${tokens(half.after)} forward.`),
        chart("Connectivity by distance", decay.lags, (lag) => decay.lags[lag] % 10 === 0, [["ablation", decay.overall.ablation], ["gradient", decay.overall.gradient]], "tokens before (−) and after (+) the target"));
      article.append(plainTable(["tag", "half-life before", "after"], Object.entries(decay.tags).map(([tag, curve]) => [tag, number(curve.half_life.ablation.before), number(curve.half_life.ablation.after)])));
      const ks = needed.k.map((k) => (k === null ? "all" : String(k)));
      for (const [side, said] of [["before", "the last k tokens"], ["after", "the next k tokens"]]) {
        const of = needed[side];
        if (!of) continue;
        const settled = of.overall.settled;
        article.append(make("h4", {}, `How much context decides: ${said}`),
          make("p", { class: "units" }, settled === null ? "No k up to 10 settles 99 % of the decisions." : `${settled} tokens settle 99 % of the decisions.`),
          chart(`Agreement given ${said}`, ks, () => true, [["agreement", of.overall.agreement], ...(of.overall.accuracy ? [["accuracy", of.overall.accuracy]] : [])], "k, tokens of context"));
      }
      grid.append(article);
    });
    if (doc.corpus.unit) grid.append(contexts(doc.corpus.unit));
    place.append(grid);
  }

  function update() {
    document.getElementById("explained").textContent = explained[state.measure];
    legend(document.getElementById("legend"), signed() ? -scales[state.measure] : 0, scales[state.measure], signed());
    panels.forEach((_, n) => { fill(n); draw(n); });
  }

  if (panels.length) {
    document.querySelectorAll("input[name=measure]").forEach((input) => input.addEventListener("change", () => { state.measure = input.value; update(); }));
    document.getElementById("matrix").append(...panels.map((_, n) => matrix(n)));
    const heatPlace = document.getElementById("heat");
    if (heatPlace) heatPlace.append(...panels.map(heat));
    const parting = document.getElementById("parting");
    if (parting) contrast(parting);
    state.measure = document.querySelector("input[name=measure]:checked").value;
    update();
    repaint();
    for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", repaint);
  }
  const whole = document.getElementById("whole");
  if (whole) corpus(whole);
})();
