/* What the server is asked, and how its answers are read. Everything that can go wrong there comes out as a Refused. */

const MOST_TRIES = 6;
const KEPT = "heedful token";

/** An answer that is no result: `code` is for programs, `field` names the part of the request, `message` is a sentence. */
export class Refused extends Error {
  constructor(code, message, field = null, status = 0) {
    super(message);
    Object.assign(this, { code, field, status });
  }
}

let token = null;
try {
  const kept = sessionStorage.getItem(KEPT);
  if (isSendable(kept ?? "")) token = kept;
} catch {
  // a browser may forbid storage: then the token lasts until the page is closed
}

/** Whether this can stand in a header: a token is letters, digits and signs of ASCII, without blanks. */
export function isSendable(text) {
  return /^[\x21-\x7e]+$/.test(text);
}

/** The token that goes with every request from now on; once the server has taken it, it is kept until the tab is closed. */
export function setToken(given) {
  token = given;
}

function keepToken() {
  if (token === null) return;
  try {
    sessionStorage.setItem(KEPT, token);
  } catch {
    // as above
  }
}

/** GET /v1/models; `onBusy(seconds)` is called before another try. */
export async function models(onBusy) {
  const answer = await ask("/v1/models", {}, onBusy);
  keepToken();
  return answer.json();
}

/**
 * POST /v1/predict/stream: `on.source`, `on.step` and `on.result` are called with what comes, `on.busy(seconds)` before
 * another try. Resolves when the result was there.
 */
export async function explore(body, signal, on) {
  const answer = await ask("/v1/predict/stream", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  }, on.busy);
  let finished = false;
  for await (const { name, data } of events(answer)) {
    if (signal.aborted) return;
    if (name === "error") throw told(data, data.status ?? answer.status);
    finished ||= name === "result";
    on[name]?.(data);
  }
  if (!finished && !signal.aborted) throw new Refused("cut_off", "");
}

async function ask(address, request, onBusy) {
  for (let tried = 1; ; tried += 1) {
    const answer = await fetched(address, request);
    if (answer.ok) return answer;
    if (answer.status === 503 && tried < MOST_TRIES) {
      const seconds = Math.min(Math.max(Number(answer.headers.get("Retry-After")) || 1, 0.5), 30);
      onBusy(seconds);
      await pause(seconds * 1000, request.signal);
      continue;
    }
    throw told(await answer.json().catch(() => null), answer.status);
  }
}

async function fetched(address, request) {
  const headers = new Headers(request.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  try {
    return await fetch(address, { ...request, headers, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Refused("unreachable", "");
  }
}

function told(record, status) {
  const { code, message, field } = record?.error ?? {};
  return new Refused(code ?? "unknown", message ?? "", field ?? null, status);
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("", "AbortError")); });
  });
}

/** The events of a text/event-stream: blocks of lines, an empty line behind each. */
async function* events(answer) {
  for await (const block of blocks(answer.body.pipeThrough(new TextDecoderStream()).getReader())) {
    const found = parsed(block);
    if (found !== null) yield found;
  }
}

/** A block may come in thousands of pieces: each is looked through once, and they are put together in the end. */
async function* blocks(reader) {
  let pieces = [];
  let tail = ""; // the line's end that came last, since another one may follow
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const [first, ...others] = (tail + value.replaceAll("\r", "")).split("\n\n");
      pieces.push(first);
      for (const other of others) {
        yield pieces.join("");
        pieces = [other];
      }
      tail = pieces.at(-1).endsWith("\n") ? "\n" : "";
      if (tail) pieces.push(pieces.pop().slice(0, -1));
    }
  } catch (error) {
    throw error.name === "AbortError" ? error : new Refused("cut_off", "");
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(block) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
}
