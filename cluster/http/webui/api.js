// Requests to the master, with faults as sentences.
import { tight } from "./format.js";

export class Fault extends Error {
  constructor(message, status) { super(message); this.status = status; }
}

/** GET something as JSON. */
export async function get(path, query, signal) {
  return (await request(path, query, { signal })).json();
}

/** GET bytes: { data, size, offset }. */
export async function getBytes(path, query, signal) {
  const answer = await request(path, query, { signal });
  return {
    data: new Uint8Array(await answer.arrayBuffer()),
    size: Number(answer.headers.get("X-File-Size")),
    offset: Number(answer.headers.get("X-Offset")),
  };
}

/** POST a form. */
export async function post(path, fields) {
  await request(path, null, { method: "POST", body: new URLSearchParams(fields) });
}

async function request(path, query, options) {
  let answer;
  try {
    answer = await fetch(url(path, query), { cache: "no-store", redirect: "manual", ...options });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Fault("The master does not answer.", 0);
  }
  if (answer.type === "opaqueredirect") throw new Fault("This master does not lead.", 307);
  if (!answer.ok) throw new Fault(faultWords(await answer.text()) || `HTTP status ${answer.status}`, answer.status);
  return answer;
}

/** What went wrong, as a sentence: some answers are plain text, others are JSON with it in `fault`. */
function faultWords(body) {
  let words = body;
  try { words = JSON.parse(body).fault ?? body; } catch { /* it is plain text */ }
  return tight(String(words).trim().slice(0, 400));
}

/** A path with a query; what is empty is left out. */
export function url(path, query) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
