// Elements and numbers. Text is always set as text, never as HTML.

function append(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element. An attribute that is a function listens to the event of that name: make("button", { click: … }, "text"). */
export function make(tag, attributes = {}, ...children) {
  return append(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  return append(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** A number with two decimals and the sign −; "–" where there is none. With `sign` also +. */
export function number(value, sign = false) {
  if (value === null || value === undefined) return "–";
  const shown = Math.abs(value).toFixed(Math.abs(value) >= 100 ? 0 : 2);
  if (Number(shown) === 0) return shown;
  return (value < 0 ? "−" : sign ? "+" : "") + shown;
}

/** A share in percent; one that is not 0 or 1 is never shown as if it were. */
export function percent(share) {
  if (share === null || share === undefined) return "–";
  if (share > 0 && share < 0.001) return "<\u00a00.1\u00a0%";
  if (share < 1 && share >= 0.9995) return ">\u00a099.9\u00a0%";
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

/** Where an arrow key, Home or End moves from `now` among `count` places; undefined for other keys. */
export function moved(event, now, count) {
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  const to = { ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now - 1, ArrowUp: now - 1, Home: 0, End: count - 1 }[event.key];
  return to === undefined ? undefined : Math.max(0, Math.min(count - 1, to));
}

/** The red, green and blue of a colour of page.css, such as "--plus", from 0 to 255. */
export function rgb(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const long = text.length === 4 ? text.replace(/[0-9a-f]/gi, "$&$&") : text;
  return [1, 3, 5].map((at) => parseInt(long.slice(at, at + 2), 16));
}

/** Call `redraw` whenever the colours of the page change: for what is painted on a canvas. */
export function onColours(redraw) {
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
}

/** Paint a canvas, and paint it again when the colours of the page change. */
export function painted(canvas, paint) {
  canvas.addEventListener("colours", paint);
  paint();
}

/** Tell every canvas of the page that colours may have changed. */
export function repaint() {
  document.querySelectorAll("canvas").forEach((canvas) => canvas.dispatchEvent(new Event("colours")));
}
onColours(repaint);

/** Whether the reader wants nothing to move. */
export function isStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
