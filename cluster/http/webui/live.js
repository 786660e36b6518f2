// What happens in the cluster, as it happens: one stream of events, resumed where it broke off, and
// `Resource`, something that is loaded from the master and loaded again when events say that it changed.
import { get } from "./api.js";

const RETRY_MS = 1000;
const FLUSH_MS = 200; // between two batches; what comes after a pause is told at once
const PATIENCE_MS = 700;
const LONGEST_PAUSE_MS = 5000;
const SILENT_MS = 40000; // the master gives a sign of life every 15 s: without one the connection is dead

class Live extends EventTarget {
  #source = null;
  #last = null;
  #queue = [];
  #flushing = 0;
  #flushed = -FLUSH_MS;
  #retrying = 0;
  #silence = 0;
  state = "connecting"; // connecting, live, lost, paused
  lostAt = null;

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#pause() : this.#connect()));
    this.#connect();
  }

  /** When events are heard, or it is clear that they will not be for now. */
  begun() {
    return new Promise((resolve) => {
      if (document.hidden) resolve();
      for (const kind of ["batch", "state"]) this.addEventListener(kind, () => { if (kind === "batch" || this.state !== "live") resolve(); });
      setTimeout(resolve, PATIENCE_MS);
    });
  }

  /** Call `fn(events)` with batches, `null` when everything must be loaded anew. Before the latter, the event
   `missed` tells that it is so because the master does not have any more what happened in between; its
   detail is whether the connection had been lost, and not only let go while nobody looked. */
  on(fn, signal) {
    this.addEventListener("batch", (event) => fn(event.detail), { signal });
  }

  #connect() {
    clearTimeout(this.#retrying);
    if (this.#source || document.hidden) return;
    const source = new EventSource(this.#last ? `/page/events?after=${encodeURIComponent(this.#last)}` : "/page/events");
    this.#source = source;
    let wasLost = false;
    source.onopen = () => { this.#heard(); wasLost = this.lostAt !== null; this.#become("live"); };
    source.onerror = () => this.#lose();
    source.addEventListener("alive", () => this.#heard());
    source.addEventListener("change", (event) => {
      this.#heard();
      this.#last = event.lastEventId;
      this.#queue.push(JSON.parse(event.data));
      this.#flushing ||= setTimeout(() => this.#flush(), Math.max(0, this.#flushed + FLUSH_MS - performance.now()));
    });
    source.addEventListener("reset", (event) => {
      this.#heard();
      const hasMissed = this.#last !== null;
      this.#last = event.lastEventId;
      this.#queue = [];
      if (hasMissed) this.dispatchEvent(new CustomEvent("missed", { detail: wasLost }));
      this.dispatchEvent(new CustomEvent("batch", { detail: null }));
    });
    this.#heard();
  }

  /** A connection can die without either end being told. */
  #heard() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(), SILENT_MS);
  }

  #lose() {
    this.#close();
    this.#become("lost");
    this.#retrying = setTimeout(() => this.#connect(), RETRY_MS);
  }

  /** A hidden page holds no connection, which browsers have few of; it resumes when it is seen again. */
  #pause() {
    if (!this.#source) return;
    this.#close();
    this.#become("paused");
  }

  #close() {
    clearTimeout(this.#silence);
    clearTimeout(this.#retrying);
    this.#source?.close();
    this.#source = null;
  }

  #flush() {
    this.#flushing = 0;
    this.#flushed = performance.now();
    const events = this.#queue;
    this.#queue = [];
    if (events.length) this.dispatchEvent(new CustomEvent("batch", { detail: events }));
  }

  #become(state) {
    if (state === "lost") this.lostAt ??= Date.now();
    if (state === "live") this.lostAt = null;
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}

export const live = new Live();

/** How long to leave the master alone after it took so long to answer: nine times that, so that it spends
 a tenth of its time on one page. Never for long: one answer in a bad minute does not stop the picture. */
export function pauseMs(gapMs, tookMs) {
  return Math.min(Math.max(gapMs, tookMs * 10), LONGEST_PAUSE_MS);
}

/** Something loaded from the master. `changed()` is called after each load; a failed one keeps the last value.

 `concerns(event)` says which events make it stale. It is loaded again at once, but not so often that
 the master spends most of its time on it (`pauseMs`), nor more often than `gapMs`. */
export class Resource {
  #timer = 0;
  #began = 0;
  #tookMs = 0;
  #isLoading = false;
  #isWanted = false;

  constructor({ path, query = {}, signal, changed, concerns = () => false, gapMs = 500, everyMs = 0 }) {
    Object.assign(this, { path, query, signal, changed, gapMs });
    this.value = null;
    this.fault = null;
    live.on((events) => { if (events === null || events.some(concerns)) this.soon(); }, signal);
    if (everyMs) {
      const ticking = setInterval(() => { if (!document.hidden && live.state !== "lost") this.soon(); }, everyMs);
      signal.addEventListener("abort", () => clearInterval(ticking));
    }
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.load();
  }

  /** Load it when it is time. */
  soon() {
    if (this.#isLoading) { this.#isWanted = true; return; }
    if (this.#timer) return;
    const waitMs = pauseMs(this.gapMs, this.#tookMs) - (performance.now() - this.#began);
    this.#timer = setTimeout(() => this.load(), Math.max(0, waitMs));
  }

  /** Ask for something else from now on. */
  ask(query) { this.query = query; this.value = null; this.changed(); return this.load(); }

  async load() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#isLoading = true;
    this.#began = performance.now();
    const query = this.query;
    try {
      const value = await get(this.path, query, this.signal);
      if (query !== this.query) return;
      this.value = value;
      this.fault = null;
    } catch (fault) {
      if (this.signal.aborted || query !== this.query) return;
      this.fault = fault;
    } finally {
      this.#isLoading = false;
      this.#tookMs = performance.now() - this.#began;
    }
    if (this.signal.aborted) return;
    this.changed();
    if (this.#isWanted) { this.#isWanted = false; this.soon(); }
  }
}
