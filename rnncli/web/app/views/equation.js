// The equation of one number with all numbers in it, each of which leads to its own equation.
import { make, svg } from "../dom.js";
import { quantityName, symbolOf } from "./names.js";
import { figure, fullFigure } from "./strip.js";

const FEW_TERMS = 8; // an equation with so few terms shows all of them at once
const curves = { tanh: Math.tanh, sigmoid: (x) => 1 / (1 + Math.exp(-x)), relu: (x) => Math.max(0, x) };

/** The library's text of an equation; where all its numbers are whole ones, they are written so: 6, not 6.00. */
export function equationLines({ symbol, text }) {
  const lines = text.slice(symbol.length + 3).split(" = ");
  const figures = lines.join(" ").match(/\d+\.\d+(e[−+]?\d+)?/g) || [];
  const isWhole = figures.every((digits) => /\.00$/.test(digits));
  return lines.map((line) => (isWhole ? line.replaceAll(/(\d)\.00(?![\d])/g, "$1") : line));
}

/** A bar from the middle: orange to the right, blue to the left. */
function signedBar(value, largest) {
  const bar = make("span", { class: value < 0 ? "tag-bar signed minus" : "tag-bar signed", "aria-hidden": "true" }, make("i"));
  bar.firstChild.style.setProperty("--share", `${largest ? Math.min(100, 100 * Math.abs(value) / largest) : 0}%`);
  return bar;
}

/** The curve of an activation function with the point of this equation on it. */
function curveOf(name, sum, value, label) {
  const reach = Math.max(4, Math.min(12, Math.abs(sum) * 1.15));
  const [low, high] = name === "tanh" ? [-1, 1] : [0, name === "relu" ? reach : 1];
  const x = (at) => 10 + 160 * (Math.max(-reach, Math.min(reach, at)) + reach) / (2 * reach);
  const y = (at) => 68 - 56 * (at - low) / (high - low);
  const points = Array.from({ length: 65 }, (_, n) => -reach + (n * reach) / 32);
  const path = points.map((at, n) => `${n ? "L" : "M"}${x(at).toFixed(1)} ${y(curves[name](at)).toFixed(1)}`).join("");
  return svg("svg", { class: "equation-curve", viewBox: "0 0 180 84", role: "img", "aria-label": label },
    svg("path", { class: "axis-line", d: `M10 ${y(0).toFixed(1)}H170M${x(0)} 8V72` }),
    svg("path", { class: "drop", d: `M${x(sum).toFixed(1)} ${y(0).toFixed(1)}V${y(value).toFixed(1)}H${x(0)}` }),
    svg("path", { class: "line", d: path }),
    svg("circle", { cx: x(sum).toFixed(1), cy: y(value).toFixed(1), r: 4 }));
}

/**
 * The panel of an equation.
 *
 * open    is called with what, step and unit of the number that is to be unfolded, or with null to close
 */
export function createEquation(app, open) {
  const { t } = app;
  const body = make("div", { class: "equation-body" });
  const said = make("p", { class: "unseen", role: "status" });
  const element = make("section", { class: "equation", "aria-label": t("equation.title"), tabindex: "-1" }, said, body);
  let trail = []; // the numbers that led here, and this one: what, step, unit, symbol
  let asked = "";

  const isSame = (a, b) => a.what === b.what && a.step === b.step && a.unit === b.unit;

  /** Unfold a number that stands in this equation. */
  function deeper(what, step, unit) {
    trail.push({ what, step, unit });
    open(what, step, unit);
  }

  function numberButton(value, what, step, unit, tags, className = "figure") {
    const symbol = symbolOf(what, step, unit, tags);
    return make("button", {
      type: "button", class: className, title: `${symbol} = ${fullFigure(value)}`, "aria-label": t("equation.unfold", { symbol, value: figure(value) }),
      click: () => deeper(what, step, unit),
    }, figure(value));
  }

  function trailElement() {
    return make("nav", { class: "equation-trail", hidden: trail.length < 2, "aria-label": t("equation.trail") }, make("ol", {}, trail.map((place, n) => {
      const symbol = place.symbol || place.what;
      if (n === trail.length - 1) return make("li", { "aria-current": "true" }, symbol);
      return make("li", {}, make("button", { type: "button", class: "link", click: () => { trail.length = n + 1; open(place.what, place.step, place.unit); } }, symbol));
    })));
  }

  function head(symbol, subtitle) {
    return make("div", { class: "equation-head" },
      make("div", {}, make("h2", { tabindex: "-1" }, t("equation.of", { symbol })), make("p", { class: "hint" }, subtitle)),
      make("button", { type: "button", class: "quiet close", "aria-label": t("equation.close"), title: t("equation.close"), click: () => open(null) }, "✕"));
  }

  /** One term: weight × input = value; what can be unfolded is a button. */
  function termLine(answer, product, term, largest, context) {
    const { tags } = context;
    const canUnfold = product.of && product.step !== null && answer.quantities[product.of] > term.unit;
    const isShare = answer.function === "softmax";
    const name = product.of && product.of !== "input/onehot" ? symbolOf(product.of, product.step ?? -1, term.unit, tags) : term.name;
    const input = isShare || !canUnfold
      ? make("span", { class: "figure", title: fullFigure(term.input) }, figure(term.input))
      : numberButton(term.input, product.of, product.step, term.unit, tags);
    const weight = product.weight_of
      ? numberButton(term.weight, product.weight_of, answer.step, answer.unit, tags)
      : make("span", { class: "figure", title: fullFigure(term.weight) }, figure(term.weight));
    const scale = product.scale && [" × ", product.scale.of && answer.quantities[product.scale.of]
      ? numberButton(product.scale.value, product.scale.of, answer.step, answer.unit, tags) : figure(product.scale.value)];
    const isOne = !isShare && product.of === "input/onehot";
    const sum = isShare || isOne ? [] : [weight, " × ", input, scale || [], " = "];
    const label = isShare && canUnfold
      ? make("button", { type: "button", class: "link", click: () => deeper(product.of, product.step, term.unit) }, `exp(${name} − max)`)
      : product.step === null && product.of ? t("equation.start") : name;
    return make("tr", {}, make("th", { scope: "row" }, label), isShare ? null : make("td", { class: "sum" }, sum.flat()),
      make("td", { class: "value", title: fullFigure(term.value) }, figure(term.value)), make("td", {}, signedBar(term.value, largest)));
  }

  function terms(answer, product, context) {
    const isShare = answer.function === "softmax";
    const largest = Math.max(...product.terms.map((term) => Math.abs(term.value)), 0);
    const rest = product.rest.count
      ? make("tr", { class: "rest" }, make("th", { scope: "row" }, t("equation.rest", { count: product.rest.count })), isShare ? null : make("td"),
        make("td", { class: "value", title: fullFigure(product.rest.value) }, figure(product.rest.value)), make("td"))
      : null;
    const heads = (isShare ? ["input", "value"] : ["input", "product", "value"]).map((name) => make("th", { scope: "col", class: name === "value" ? "number" : null }, t(`equation.${name}`)));
    return make("div", { class: "scroll" }, make("table", { class: "terms" },
      make("thead", {}, make("tr", {}, heads, make("td", { class: "term-bar" }))),
      make("tbody", {}, product.terms.map((term) => termLine(answer, product, term, largest, context)), rest)));
  }

  /** What a product multiplies: the memory after which token, which token's vector, or a parameter. */
  function source(product, context) {
    if (!product.of) return product.symbol.startsWith("rows") ? t("equation.rows") : t("equation.parameter");
    const name = quantityName(t, product.of);
    if (product.step === null) return t("equation.nothing", { name });
    return t("equation.at", { name, token: context.tokens[product.step] ?? "", step: product.step + 1 });
  }

  function products(answer, context) {
    const groups = new Map();
    for (const product of answer.products) groups.set(product.symbol, [...(groups.get(product.symbol) || []), product]);
    const sums = [...groups.values()].map((group) => group.reduce((sum, product) => sum + product.value, 0));
    const largest = Math.max(...sums.map(Math.abs), 0);
    const count = answer.products.reduce((sum, product) => sum + product.terms.length + product.rest.count, 0);
    return make("ul", { class: "products" }, [...groups].map(([symbol, group], n) => make("li", { "data-symbol": symbol },
      make("div", { class: "product-head" }, make("b", {}, symbol), signedBar(sums[n], largest), make("span", { class: "figure", title: fullFigure(sums[n]) }, figure(sums[n]))),
      group.map((product) => {
        const line = [make("span", {}, source(product, context))];
        if (group.length > 1) line.push(make("span", { class: "figure", title: fullFigure(product.value) }, figure(product.value)));
        if (!product.of && product.terms.length === 1 && !product.rest.count && product.terms[0].input === 1 && !product.scale) return make("p", { class: "product-line" }, line);
        return make("details", { open: count <= FEW_TERMS || group.length + groups.size <= 2 }, make("summary", { class: "product-line" }, line), terms(answer, product, context));
      }))));
  }

  function draw(answer, context) {
    const hadFocus = element.contains(document.activeElement);
    const here = trail[trail.length - 1];
    here.symbol = answer.symbol;
    const lines = equationLines(answer);
    const place = context.tokens[answer.step] ?? "";
    const parts = [trailElement(), head(answer.symbol, t("equation.at", { name: quantityName(t, answer.what), token: place, step: answer.step + 1 }))];
    parts.push(make("p", { class: "equation-text", title: fullFigure(answer.value) },
      make("b", {}, answer.symbol), lines.map((line, n) => make("span", { class: n === lines.length - 1 ? "result" : null }, ` = ${line}`))));
    if (curves[answer.function]) {
      const label = t("equation.curve", { name: answer.function, sum: figure(answer.sum), value: figure(answer.value) });
      parts.push(make("figure", { class: "equation-figure" }, curveOf(answer.function, answer.sum, answer.value, label), make("figcaption", { "aria-hidden": "true" }, label)));
    }
    parts.push(products(answer, context));
    body.replaceChildren(...parts);
    said.textContent = answer.text;
    element.classList.remove("waiting");
    if (hadFocus && !element.contains(document.activeElement)) body.querySelector("h2").focus({ preventScroll: true });
  }

  function drawNumber(state, context, message) {
    const value = context.numberOf(state.what, state.step, state.unit);
    const symbol = symbolOf(state.what, state.step, state.unit, context.tags);
    trail[trail.length - 1].symbol = symbol;
    body.replaceChildren(trailElement(), head(symbol, message),
      ...(value === undefined ? [] : [make("p", { class: "equation-text", title: fullFigure(value) }, make("b", {}, symbol), make("span", { class: "result" }, ` = ${figure(value)}`))]));
    element.classList.remove("waiting");
  }

  /**
   * Show the equation that the state names.
   *
   * context  the `tokens` and `tags`, `key` of text and model, and numberOf(what, step, unit)
   */
  function update(state, context) {
    element.classList.toggle("empty", !state.what);
    if (!state.what) {
      trail = [];
      asked = "";
      body.replaceChildren(make("p", { class: "hint" }, t("equation.hint")));
      return;
    }
    const here = { what: state.what, step: state.step, unit: state.unit };
    const at = trail.findIndex((place) => isSame(place, here));
    if (at >= 0) trail.length = at + 1;
    else trail = [here];
    const question = JSON.stringify([context.key, here]);
    if (question === asked) return;
    asked = question;
    element.classList.add("waiting");
    const isNow = () => question === asked;
    app.source.equation({ text: state.text, model: state.model, ...here }).then(
      (answer) => { if (isNow()) draw(answer, context); },
      (error) => { if (isNow()) drawNumber(state, context, error.message); });
  }

  return { element, update, forget: () => { asked = ""; } };
}
