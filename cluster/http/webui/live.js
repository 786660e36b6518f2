// What happens in the cluster, as it happens: one stream of events, resumed where it broke off, and
// `Resource`, something that is loaded from the master and loaded again when events say that it changed.
import { get } from "./api.js";

const RETRY_MS = 1000;
const FLUSH_MS = 200;
const PATIENCE_MS = 700;

class Live extends EventTarget {
  #source = null;
  #last = null;
  #queue = [];
  #flushing = 0;
  #retrying = 0;
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

  /** Call `fn(events)` with batches, `null` when everything must be loaded anew. */
  on(fn, signal) {
    this.addEventListener("batch", (event) => fn(event.detail), { signal });
  }

  #connect() {
    clearTimeout(this.#retrying);
    if (this.#source || document.hidden) return;
    const source = new EventSource(this.#last ? `/page/events?after=${encodeURIComponent(this.#last)}` : "/page/events");
    this.#source = source;
    source.onopen = () => this.#become("live");
    source.onerror = () => {
      this.#close();
      this.#become("lost");
      this.#retrying = setTimeout(() => this.#connect(), RETRY_MS);
    };
    source.addEventListener("change", (event) => {
      this.#last = event.lastEventId;
      this.#queue.push(JSON.parse(event.data));
      this.#flushing ||= setTimeout(() => this.#flush(), FLUSH_MS);
    });
    source.addEventListener("reset", (event) => {
      this.#last = event.lastEventId;
      this.#queue = [];
      this.dispatchEvent(new CustomEvent("batch", { detail: null }));
    });
  }

  /** A hidden page holds no connection, which browsers have few of; it resumes when it is seen again. */
  #pause() {
    if (!this.#source) return;
    this.#close();
    this.#become("paused");
  }

  #close() { this.#source?.close(); this.#source = null; }

  #flush() {
    this.#flushing = 0;
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

/** Something loaded from the master. `changed()` is called after each load; a failed one keeps the last value.

 `concerns(event)` says which events make it stale. It is loaded again at once, but not so often that
 the master spends more than a tenth of its time on it, nor more often than `gapMs`. */
export class Resource {
  #timer = 0;
  #began = 0;
  #tookMs = 0;
  #isLoading = false;
  #isWanted = false;

  constructor({ path, query = {}, signal, changed, concerns = () => false, gapMs = 1000, everyMs = 0 }) {
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
    const waitMs = Math.max(this.gapMs, this.#tookMs * 10) - (performance.now() - this.#began);
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
