// A long list: searched, sorted and cut by the server, of which only the visible rows are in the page.
import { get, url } from "./api.js";
import { h, patchChildren } from "./dom.js";
import { count, plural } from "./format.js";
import { live, pauseMs } from "./live.js";

const BLOCK = 100; // rows asked for at once
const DEEPEST = 400000; // how deep the server lets one page, and browsers scroll
const KEPT_BLOCKS = 30;
const SETTLE_MS = 60;
const SPARE = 8; // rows kept above and below what is seen
const GAP_MS = 500;

/**
 * @param path      of the list: answers {found, total}, or with what `rows` names instead of `found`
 * @param everyMs   how often it is loaded again if no event tells that it is stale
 * @param columns   [{name, sort, cell(row), class}], or a function of the query that tells them
 * @param filters   controls beside the search: [{name, label, options: [[value, text]]}]
 * @param fixed     query parameters that the address does not show
 * @param words     {search, one, many, empty, none}, text or several parts, or a function of the query that tells them
 * @param query     of the address; changed by controls, written back with `base`
 * @param key       (row) => its key
 * @param update    (rows by key, event) => whether this event makes the list stale
 */
export class Table {
  #blocks = new Map(); // number of a block → rows
  #pending = new Set();
  #total = null;
  #fault = null;
  #timer = 0;
  #took = 0;
  #refreshed = 0;
  #generation = 0;
  #isPainting = false;
  #isStale = false;
  #settling = 0;
  #said = "";
  #scrolled = 0;
  #told;

  constructor(options) {
    Object.assign(this, { filters: [], fixed: {}, hasSearch: true, rows: "found", ...options });
    this.#told = { columns: this.columns, words: this.words ?? {} };
    this.#tell();
    this.rowHeight = matchMedia("(pointer: coarse)").matches ? 44 : 37;
    this.head = h("thead", null);
    this.body = h("tbody", null);
    this.note = h("p", { class: "empty", hidden: true });
    this.status = h("span", { class: "found dim", role: "status" });
    this.table = h("table", { class: "long", "aria-label": this.label }, this.head, this.body);
    this.element = h("div", { class: "list" }, this.#controls(), h("div", { class: "sideways", tabindex: 0, role: "group", "aria-label": `${this.label}, scrolls sideways` }, this.table), this.note);
    this.#paintHead();
    addEventListener("scroll", () => { this.#scrolled = performance.now(); this.paintSoon(); }, { passive: true, signal: this.signal });
    addEventListener("resize", () => this.paintSoon(), { passive: true, signal: this.signal });
    live.addEventListener("names", () => this.paintSoon(), { signal: this.signal });
    live.on((events) => this.#happened(events), this.signal);
    const ticking = this.everyMs ? setInterval(() => { if (!document.hidden && live.state !== "lost") this.#refreshSoon(); }, this.everyMs) : 0;
    this.signal.addEventListener("abort", () => { clearTimeout(this.#timer); clearTimeout(this.#settling); clearInterval(ticking); });
    this.#restart();
  }

  /** Columns and words may depend on what is asked for. */
  #tell() {
    for (const [name, told] of Object.entries(this.#told)) this[name] = typeof told === "function" ? told(this.query) : told;
  }

  // -- controls -------------------------------------------------------------------------------------

  #controls() {
    let typing = 0;
    const label = this.words.search ?? "Search";
    const isShort = matchMedia("(max-width: 30rem)").matches; // the long form would be cut there
    const search = h("input", {
      type: "search", placeholder: isShort ? label.replace(/^Search by (.)/, (_, first) => first.toUpperCase()) : label, "aria-label": label, value: this.query.search ?? "",
      autocomplete: "off", spellcheck: "false",
      oninput: () => { clearTimeout(typing); typing = setTimeout(() => this.#ask({ search: search.value }), 150); },
    });
    const selects = this.filters.map(({ name, label, options }) => h("label", null, h("span", null, label),
      h("select", { onchange: (event) => this.#ask({ [name]: event.target.value }) },
        options.map(([value, text]) => h("option", { value, selected: (this.query[name] ?? "") === value }, text)))));
    return h("div", { class: "controls" }, this.hasSearch && search, selects, this.status);
  }

  #ask(change) {
    this.query = { ...this.query, ...change };
    this.#tell();
    if (this.base) history.replaceState(null, "", url(this.base, this.query));
    this.#paintHead();
    this.#restart();
  }

  #paintHead() {
    const sort = this.query.sort ?? this.sort ?? "";
    const isDown = (this.query.order ?? (this.query.sort ? "asc" : this.order)) === "desc";
    patchChildren(this.head, h("thead", null, h("tr", null, this.columns.map((column) => {
      const isSorted = column.sort && column.sort === sort;
      return h("th", { scope: "col", class: column.class, "aria-sort": isSorted ? (isDown ? "descending" : "ascending") : null },
        column.sort ? h("button", { type: "button", onclick: () => this.#ask({ sort: column.sort, order: isSorted && !isDown ? "desc" : isSorted ? "asc" : column.first ?? "asc" }) }, column.name) : column.name);
    }))));
  }

  // -- loading --------------------------------------------------------------------------------------

  #restart() {
    this.#generation++;
    this.#blocks.clear();
    this.#pending.clear();
    this.#total = null;
    this.#fault = null;
    this.paintSoon();
    this.#load(0);
  }

  async #load(block) {
    if (this.#pending.has(block)) return;
    this.#pending.add(block);
    const generation = this.#generation;
    const began = performance.now();
    try {
      const order = this.query.order ?? (this.query.sort ? "asc" : this.order);
      const query = { sort: this.sort, ...this.query, order, ...this.fixed, ...this.translate?.(this.query), offset: block * BLOCK, limit: BLOCK };
      const { [this.rows]: found, total } = await get(this.path, query, this.signal);
      if (generation !== this.#generation) return;
      this.#blocks.set(block, found);
      this.#letGo();
      this.#total = total;
      this.#fault = null;
    } catch (fault) {
      if (this.signal.aborted || generation !== this.#generation) return;
      this.#fault = fault;
    } finally {
      if (generation === this.#generation) this.#pending.delete(block);
      this.#took = performance.now() - began;
    }
    this.#refreshed = performance.now();
    this.paintSoon();
    if (this.#isStale) { this.#isStale = false; this.#refreshSoon(); }
  }

  /** Rows far from what is in sight are asked for again when they come into it. */
  #letGo() {
    const [first] = this.#seen();
    for (const block of [...this.#blocks.keys()].sort((a, b) => Math.abs(b - first) - Math.abs(a - first)).slice(0, -KEPT_BLOCKS)) this.#blocks.delete(block);
  }

  /** Load what is in sight as soon as scrolling pauses: whoever drags the bar passes thousands of blocks. */
  #loadSettled() {
    this.#settling ||= setTimeout(() => {
      this.#settling = 0;
      if (performance.now() - this.#scrolled < SETTLE_MS) return this.#loadSettled();
      const [first, last] = this.#seen();
      for (let block = first; block <= last; block++) if (!this.#blocks.has(block)) this.#load(block);
      return undefined;
    }, SETTLE_MS);
  }

  /** Load what is seen again, soon, but not so often that it costs the master much. */
  #refreshSoon() {
    if (this.#pending.size) { this.#isStale = true; return; }
    if (this.#timer) return;
    const waitMs = pauseMs(GAP_MS, this.#took) - (performance.now() - this.#refreshed);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      const [first, last] = this.#seen();
      for (const block of this.#blocks.keys()) if (block < first || block > last) this.#blocks.delete(block);
      for (let block = first; block <= last; block++) this.#load(block);
    }, Math.max(0, waitMs));
  }

  #happened(events) {
    if (events === null) return this.#refreshSoon();
    const byKey = new Map();
    for (const rows of this.#blocks.values()) for (const row of rows) byKey.set(this.key(row), row);
    let isStale = false;
    for (const event of events) isStale = this.update(byKey, event) || isStale;
    this.paintSoon();
    if (isStale) this.#refreshSoon();
  }

  // -- painting -------------------------------------------------------------------------------------

  paintSoon() {
    if (this.#isPainting) return;
    this.#isPainting = true;
    requestAnimationFrame(() => { this.#isPainting = false; if (!this.signal.aborted) this.#paint(); });
  }

  get #length() { return Math.min(this.#total ?? 0, DEEPEST + BLOCK); }

  #window() {
    const top = this.body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / this.rowHeight) - SPARE);
    const last = Math.min(this.#length, Math.ceil((innerHeight - top) / this.rowHeight) + SPARE);
    return [Math.min(first, Math.max(0, this.#length - 1)), Math.max(last, 0)];
  }

  #seen() {
    const [first, last] = this.#window();
    return [Math.floor(first / BLOCK), Math.floor(Math.max(first, last - 1) / BLOCK)];
  }

  #paint() {
    this.#paintWords();
    const [first, last] = this.#window();
    const rows = h("tbody", null);
    if (first > 0) rows.append(this.#spacer(first));
    for (let at = first; at < last; at++) rows.append(this.#row(at));
    if (last < this.#length) rows.append(this.#spacer(this.#length - last));
    this.table.setAttribute("aria-rowcount", String(this.#length + 1));
    patchChildren(this.body, rows);
  }

  #spacer(rows) {
    return h("tr", { class: "spacer", "aria-hidden": "true" }, h("td", { colspan: this.columns.length, style: { height: `${rows * this.rowHeight}px` } }));
  }

  #row(at) {
    const block = Math.floor(at / BLOCK);
    const row = this.#blocks.get(block)?.[at % BLOCK];
    if (!row) {
      if (!this.#blocks.has(block) && !this.#fault) this.#loadSettled();
      return h("tr", { "aria-rowindex": at + 2, class: "blank" }, h("td", { colspan: this.columns.length }, "…"));
    }
    return h("tr", { "aria-rowindex": at + 2 }, this.columns.map((column) => h(column.isHead ? "th" : "td", { class: column.class, scope: column.isHead ? "row" : null }, column.cell(row))));
  }

  #paintWords() {
    const { one = "row", many = "rows", empty = "There is nothing here yet.", none = "Nothing fits this search." } = this.words;
    const isAsked = Object.entries(this.query).some(([name, value]) => value && name !== "sort" && name !== "order");
    let words = "";
    if (this.#fault && this.#total === null) words = `This list could not be loaded: ${this.#fault.message}`;
    else if (this.#total === null) words = "Loading …";
    else if (this.#total === 0) words = isAsked ? none : empty;
    this.note.hidden = !words;
    if (this.#said !== words) this.note.replaceChildren(...[words].flat());
    this.#said = words;
    this.note.classList.toggle("fault", Boolean(this.#fault));
    this.table.hidden = Boolean(words);
    const isCut = this.#total > this.#length;
    this.status.textContent = this.#total === null ? "" : isCut
      ? `${count(this.#total)} ${many}, the first ${count(this.#length)} shown: search or sort to see others` : plural(this.#total, one, many);
  }
}
