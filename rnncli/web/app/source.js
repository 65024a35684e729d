// Where the numbers come from: the service, or the answers inside a saved file.

const paths = { tag: "/v1/tag", inspect: "/v1/inspect", equation: "/v1/equation", erase: "/v1/erase" };
const MOST_KEPT = 600; // answers, so that stepping back asks nothing again
const SLOW = 60; // ms of an answer, from which the next question waits while somebody types
const TYPING = 400; // ms between two questions of somebody who types

/** An answer that says why there is none: `message`, `hint`, `status`. */
export class Refused extends Error {
  constructor(message, hint = "", status = 0) {
    super(message);
    this.hint = hint;
    this.status = status;
  }
}

async function refusal(response) {
  const text = await response.text();
  try {
    const { message, where, hint } = JSON.parse(text).error;
    return new Refused(where ? `${where}: ${message}` : message, hint, response.status);
  } catch {
    return new Refused(`${response.status} ${response.statusText}`, "", response.status);
  }
}

// The four questions as bodies of requests; the order of keys is fixed, so that equal questions are equal texts.
const bodies = {
  tag: ({ text, model, nbest = 0 }) => ({ text, ...named(model), nbest }),
  inspect: ({ texts, model, steps = [], measures = false }) => ({ texts, ...named(model), steps, measures }),
  equation: ({ text, model, what, step, unit }) => ({ text, ...named(model), what, step, unit }),
  erase: ({ text, model, token }) => ({ text, ...named(model), token }),
};
const named = (model) => (model ? { model } : {});

/** The kinds of questions that one page may have open at once: a new one of a kind drops the one before. */
const kindOf = (name, body) => (body.measures ? `${name} measures` : name);

/** The numbers of the service. `askToken()` promises the token that the service demands. */
export function service(askToken) {
  const open = new Map(); // by kind the question asked last: when, how long an answer took, and how to drop it
  const kept = new Map(); // answers by question
  let asked = null;

  async function send(path, init) {
    for (;;) {
      const token = sessionStorage.getItem("token");
      const headers = { ...init.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
      let response;
      try {
        response = await fetch(path, { ...init, headers });
      } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new Refused("the service does not answer", "is rnncli serve still running?");
      }
      if (response.ok) return response;
      if (response.status !== 401) throw await refusal(response);
      asked = asked || askToken(Boolean(token)).finally(() => { asked = null; });
      sessionStorage.setItem("token", await asked);
    }
  }
  const post = (path, body, signal) =>
    send(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

  /** The answer to one question, whatever else is asked. */
  async function answer(name, question, signal) {
    const body = bodies[name](question);
    const key = name + JSON.stringify(body);
    const known = kept.get(key);
    if (known) return known;
    const value = await (await post(paths[name], body, signal)).json();
    kept.set(key, value);
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    return value;
  }

  /** As `answer`, but a newer question of the same kind makes this one never resolve. A slow service is not asked at every key. */
  function latest(name, question) {
    const kind = kindOf(name, bodies[name](question));
    const before = open.get(kind) || { asked: -Infinity, took: 0 };
    const controller = new AbortController();
    const now = { asked: performance.now(), took: before.took, drop: () => controller.abort() };
    before.drop?.();
    open.set(kind, now);
    const wait = before.took > SLOW && now.asked - before.asked < TYPING ? Math.min(TYPING, before.took / 2) : 0;
    return new Promise((resolve, reject) => {
      const ifLatest = (settle) => (value) => {
        if (controller.signal.aborted) return;
        now.took = performance.now() - now.asked - wait;
        settle(value);
      };
      const ask = () => {
        if (!controller.signal.aborted) answer(name, question, controller.signal).then(ifLatest(resolve), ifLatest(reject));
      };
      if (wait) setTimeout(ask, wait);
      else ask();
    });
  }

  return {
    isLive: true,
    answer,
    tag: (question) => latest("tag", question),
    inspect: (question) => latest("inspect", question),
    equation: (question) => latest("equation", question),
    erase: (question) => latest("erase", question),
    models: async () => (await (await send("/v1/models", {})).json()).models,
    /** Forget what is known of a model, because it has changed. */
    forget: (model) => [...kept.keys()].filter((key) => key.includes(`"model":${JSON.stringify(model)}`)).forEach((key) => kept.delete(key)),
    /** The answers to all questions so far of one kind: pairs of question and answer. */
    known: (name) => [...kept].filter(([key]) => key.startsWith(`${name}{`)).map(([key, value]) => [JSON.parse(key.slice(name.length)), value]),
    /** Post to a path that answers with a stream of events; `onEvent(name, data)`; ends when the stream does. */
    async events(path, body, onEvent, signal) {
      const reader = (await post(path, body, signal)).body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const lines = block.split("\n");
          const of = (field) => lines.filter((line) => line.startsWith(`${field}: `)).map((line) => line.slice(field.length + 2)).join("\n");
          if (of("data")) onEvent(of("event") || "message", JSON.parse(of("data")));
        }
      }
    },
    /** Post and read an answer of JSON. */
    post: async (path, body) => (await post(path, body)).json(),
  };
}

/** The numbers that are inside a saved file, as questions with their answers: [name, question, answer] each. */
export function inside(answers, missing) {
  const key = (name, question) => name + JSON.stringify(bodies[name](question));
  const known = new Map(answers.map(([name, question, answer]) => [key(name, question), answer]));
  const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /** A document with some steps, out of one with more. */
  function withSteps({ texts, model, steps }) {
    for (const [name, question, answer] of answers) {
      if (name !== "inspect" || !isSame(question.texts, texts) || question.model !== model) continue;
      const wanted = steps === "all" ? answer.texts[0].tokens.map((_, step) => step) : steps;
      const has = (text) => wanted.every((step) => step >= text.tokens.length || text.steps?.steps.some((one) => one.step === step));
      if (!answer.texts.every(has)) continue;
      const chosen = (text) => ({ ...text, steps: { ...text.steps, steps: text.steps.steps.filter(({ step }) => wanted.includes(step)) } });
      return { ...answer, texts: answer.texts.map(chosen) };
    }
    return undefined;
  }
  async function answer(name, question) {
    const given = known.get(key(name, question)) ?? (name === "inspect" && question.steps?.length && !question.measures ? withSteps(question) : undefined);
    if (given === undefined) throw new Refused(missing(document.documentElement.lang.slice(0, 2)));
    return given;
  }
  const ask = (name) => (question) => answer(name, question);
  return { isLive: false, answer, tag: ask("tag"), inspect: ask("inspect"), equation: ask("equation"), erase: ask("erase") };
}
