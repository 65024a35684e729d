// Label tokens with an exported model: node lookup.mjs MODEL.onnx leave Taipei on Monday
//
// Needs onnxruntime-web, and MODEL.onnx.json beside the model. feeds() needs nothing and runs in a browser too. Equal
// to rnncli except that text is not cut.

const composed = (text) => (text.replace(/[\u00ad\u200b\u2060\ufeff]/g, "") || text).normalize("NFC");
const zero = (text) => text.replace(/\p{Nd}/gu, "0");
const marks = (form, marks) => Array.from(form, (c) => marks.find(([pattern]) => pattern.test(c))?.[1] ?? c);
const KINDS = [[/\p{Nd}/u, "0"], [/\p{Uppercase}/u, "X"], [/\p{Lowercase}/u, "x"], [/\p{L}/u, "c"]];
const SHAPE = [[/\p{Uppercase}/u, "X"], [/\p{L}/u, "x"]];
const CONTEXT = [["", [[-1, 0], [0, 1], [-1, 1]]], ["=", [[0, 0], [-1, 1], [-2, 2]]]];

function letters(form) {
  const shape = marks(form, SHAPE).join("").replace(/([^\n])\1+/gu, "$1");
  const c = Array.from(form.toLowerCase()); // code points
  const found = ["=" + shape, `<${c.join("")}>`];
  for (let n = 1; n <= Math.min(5, c.length - 1); n++)
    found.push("<" + c.slice(0, n).join(""), c.slice(-n).join("") + ">");
  for (let i = 0; i + 3 <= c.length; i++) found.push(c.slice(i, i + 3).join(""));
  return found;
}

function context(forms, t) {
  const kinds = forms.map((form) => [...new Set(marks(form, KINDS))].join(""));
  return CONTEXT.flatMap(([mark, spans]) => spans.map(([first, last]) => {
    const texts = mark ? kinds : forms;
    const read = Array.from({ length: last - first + 1 }, (_, i) => texts[t + first + i] ?? "");
    return [`${mark}${first < 0 ? "" : "+"}${first}`, ...read].join(" ");
  }));
}

function rows(part, digits, tokens, columns) {
  const known = new Map(Object.entries(part.rows));
  const plain = tokens.map(composed);
  const normal = digits === "keep" ? (text) => text : zero;
  const forms = plain.map(normal);
  if (part.reads === "word") return forms.map((f) => [known.get(f) ?? known.get(f.toLowerCase()) ?? 0]);
  const texts = {
    ngram: () => forms.map(letters),
    context: () => forms.map((_, t) => context(forms, t)),
    vectors: () => plain.map((f) => [f, normal(f), f.toLowerCase(), normal(f.toLowerCase())]),
    column: () => columns.map((cells) => [composed(cells[Number(part.name.slice("column".length)) - 1])]),
  }[part.reads]();
  const most = part.reads === "vectors" ? 1 : Infinity; // the first of these spellings that has a vector
  return texts.map((some) => some.filter((text) => known.has(text)).map((text) => known.get(text)).slice(0, most));
}

export function feeds(lists, tokens, columns = []) {
  return Object.fromEntries(lists.inputs.map((part) => {
    const chosen = rows(part, lists.digits, tokens, columns);
    const longest = Math.max(1, ...chosen.map((some) => some.length));
    const padded = chosen.flatMap((some) => [...some, ...Array(longest - some.length).fill(-1)]);
    return [part.name, { dims: [tokens.length, longest], data: Int32Array.from(padded) }];
  }));
}

if (globalThis.process?.argv[1]?.endsWith("lookup.mjs")) {
  const ort = await import("onnxruntime-web");
  const { readFileSync } = await import("node:fs");
  const [path, ...tokens] = process.argv.slice(2);
  const lists = JSON.parse(readFileSync(path + ".json", "utf8"));
  const inputs = Object.entries(feeds(lists, tokens));
  const session = await ort.InferenceSession.create(readFileSync(path));
  const tensors = inputs.map(([name, { dims, data }]) => [name, new ort.Tensor("int32", data, dims)]);
  const { tags, probabilities } = await session.run(Object.fromEntries(tensors));
  tokens.forEach((token, t) => {
    const probability = probabilities.data[t * lists.tags.length + tags.data[t]];
    console.log([token, lists.tags[tags.data[t]], probability.toFixed(4)].join("\t"));
  });
}
