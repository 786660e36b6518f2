// A window onto a text file of any size: holds a few megabytes of it, shows the visible lines, follows the end.
//
// Lines are kept as bytes and decoded when they are seen. The window grows by pieces at the end that is read,
// and drops what is far away at the other. Lines have one height, so that only the visible ones need elements.
import { ansiLine, lastStyle } from "./ansi.js";
import { h } from "./dom.js";

const MOST_BYTES = 4 << 20;
const MOST_LINES = 40000; // lines held: short ones cost far more than their bytes
const MOST_WRAPPED = 1800; // lines held when they wrap: each has a height of its own, so all are in the page
const LONGEST = 16384; // bytes of a line in the page; what is longer goes on in the next one
const SPARE = 20;
const NEAR_PX = 400;
const NEWLINE = 10;
const ESCAPE = 27;

export class LogWindow {
  changed = () => {};
  start = 0; // of what is held
  end = 0;
  size = 0;
  isFollowing = true;
  #lines = []; // {at, data, style}: style is what ANSI codes before it left switched on
  #isBusy = false;
  #isLost = true; // nothing is held: begin at the end
  #isPainting = false;
  #decoder = new TextDecoder();

  constructor(pane, read, pieceBytes) {
    this.pane = pane;
    this.read = read;
    this.pieceBytes = pieceBytes;
    this.above = h("div", { class: "gap" });
    this.shown = h("div", { class: "lines" });
    this.below = h("div", { class: "gap" });
    pane.append(this.above, this.shown, this.below);
    pane.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(pane);
    this.lineHeight = 18;
  }

  close() { this.observer.disconnect(); }

  measure() {
    const probe = h("div", { class: "line" }, "x");
    this.shown.append(probe);
    this.lineHeight = probe.getBoundingClientRect().height || 18;
    probe.remove();
    this.#paintSoon();
  }

  /** Read what is new, if the end is shown. To be called again and again. */
  async step() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      if (this.#isLost) await this.#begin(-this.pieceBytes);
      else await this.#extend();
    } finally { this.#isBusy = false; }
  }

  follow(yes) {
    this.isFollowing = yes;
    if (yes && this.end < this.size) this.#isLost = true;
    if (yes) this.#toEnd();
    this.changed();
    this.step().catch(() => {});
  }

  /** Show the file from a part of it on, 0 to 1. */
  async goTo(part) {
    if (part >= 1) return this.follow(true);
    return this.#goToByte(Math.floor(part * this.size));
  }

  async #goToByte(offset) {
    this.isFollowing = false;
    while (this.#isBusy) await new Promise(requestAnimationFrame);
    this.#isBusy = true;
    try {
      await this.#begin(offset);
      this.pane.scrollTop = 0;
    } catch { /* told by the next step */ } finally { this.#isBusy = false; }
  }

  /** Break long lines, or not; the same part of the file stays in sight. */
  async wrap(yes) {
    const at = this.topOffset();
    this.pane.classList.toggle("wrap", yes);
    this.measure();
    if (this.isFollowing) { this.#isLost = true; this.step().catch(() => {}); } else await this.#goToByte(Math.max(0, at - 1)); // from the end of the line before
  }

  /** Where the first visible line begins in the file. */
  topOffset() {
    const first = this.#isWrapped
      ? [...this.shown.children].find((line) => line.getBoundingClientRect().bottom > this.pane.getBoundingClientRect().top)?.line
      : this.#lines[Math.min(this.#lines.length - 1, Math.floor(this.pane.scrollTop / this.lineHeight))];
    return first?.at ?? 0;
  }

  async #begin(offset) {
    const piece = await this.read(offset, this.pieceBytes);
    this.#lines = [];
    this.size = piece.size;
    this.start = this.end = piece.offset;
    this.#isLost = false;
    const cut = piece.offset > 0 ? wholeFrom(piece.data) : 0; // begin with a whole line
    const lines = split(piece.data.subarray(cut), piece.offset + cut);
    const kept = offset < 0 ? lines.slice(-this.#mostTaken) : lines.slice(0, this.#mostTaken);
    this.start = this.end = kept[0]?.at ?? piece.offset + cut;
    this.#take(kept);
    this.#paintSoon();
    if (this.isFollowing) this.#toEnd();
    this.changed();
  }

  async #extend() {
    const piece = await this.read(this.end, this.isFollowing || this.#isNearEnd() ? this.pieceBytes : 0);
    if (piece.size < this.end) { this.#isLost = true; return this.#begin(-this.pieceBytes); } // it was cut off, or is another file
    this.size = piece.size;
    if (this.isFollowing && piece.size - this.end > MOST_BYTES) return this.#begin(-this.pieceBytes); // too far behind to catch up
    if (piece.data.length) {
      this.#append(piece.data);
      this.#dropAbove();
      this.#paintSoon();
      if (this.isFollowing) this.#toEnd();
    }
    this.changed();
    if (this.end < this.size && this.isFollowing && piece.data.length) return this.#extend();
    return undefined;
  }

  /** Take bytes that follow what is held. */
  #append(data) {
    let at = 0;
    const open = this.#lines.at(-1);
    if (open && open.data[open.data.length - 1] !== NEWLINE && open.data.length < LONGEST && data.length) {
      const cut = lineEnd(data, 0, LONGEST - open.data.length);
      const joined = new Uint8Array(open.data.length + cut);
      joined.set(open.data);
      joined.set(data.subarray(0, cut), open.data.length);
      open.data = joined;
      at = cut;
    }
    this.end += at;
    this.#take(split(data.subarray(at), this.end, this.#mostTaken));
  }

  /** Take lines that follow what is held. */
  #take(lines) {
    for (const line of lines) {
      line.style = this.#styleAfter(this.#lines.at(-1));
      this.#lines.push(line);
      this.end += line.data.length;
    }
  }

  #styleAfter(line) {
    if (!line) return null;
    return line.data.includes(ESCAPE) ? lastStyle(this.#text(line), line.style) : line.style;
  }

  async #extendUp() {
    if (this.#isBusy || this.start === 0 || this.#isLost) return;
    this.#isBusy = true;
    try {
      const from = Math.max(0, this.start - this.pieceBytes);
      const piece = await this.read(from, this.start - from);
      const cut = from > 0 ? wholeFrom(piece.data) : 0;
      const lines = split(piece.data.subarray(cut), from + cut).slice(-this.#mostTaken);
      lines.forEach((line, at) => { line.style = this.#styleAfter(lines[at - 1]); });
      this.start = lines[0]?.at ?? this.start;
      this.#keepPlace(() => { this.#lines = [...lines, ...this.#lines]; });
      this.#dropBelow();
      this.#paintSoon();
      this.changed();
    } catch { /* told by the next step */ } finally { this.#isBusy = false; }
  }

  get #isWrapped() { return this.pane.classList.contains("wrap"); }
  get #mostLines() { return this.#isWrapped ? MOST_WRAPPED : MOST_LINES; }
  get #mostTaken() { return Math.floor(this.#mostLines / 3); } // of one piece; the rest is read again
  #isFull() { return this.end - this.start > MOST_BYTES || this.#lines.length > this.#mostLines; }

  /** Change what is above the visible lines, which stay where they are. */
  #keepPlace(change) {
    this.#paint();
    const before = this.pane.scrollHeight;
    change();
    this.#paint();
    this.pane.scrollTop += this.pane.scrollHeight - before;
  }

  #dropAbove() {
    if (!this.#isFull()) return;
    let n = Math.max(0, this.#lines.length - this.#mostLines / 2);
    while (n < this.#lines.length - 1 && this.end - this.#lines[n].at > MOST_BYTES / 2) n++;
    this.start = this.#lines[n].at;
    if (this.isFollowing) this.#lines.splice(0, n);
    else this.#keepPlace(() => this.#lines.splice(0, n));
  }

  #dropBelow() {
    if (!this.#isFull()) return;
    let n = Math.min(this.#lines.length, this.#mostLines / 2);
    while (n > 1 && this.#lines[n - 1].at - this.start > MOST_BYTES / 2) n--;
    this.end = this.#lines[n]?.at ?? this.end;
    this.#lines.length = n;
  }

  #isNearEnd() { return this.pane.scrollHeight - this.pane.scrollTop - this.pane.clientHeight < NEAR_PX; }

  #scrolled() {
    const isAtEnd = this.pane.scrollHeight - this.pane.scrollTop - this.pane.clientHeight < 4 && this.end >= this.size;
    if (isAtEnd !== this.isFollowing && (isAtEnd || this.#isMovedUp())) { this.isFollowing = isAtEnd; this.changed(); }
    this.#lastTop = this.pane.scrollTop;
    if (this.pane.scrollTop < NEAR_PX) this.#extendUp();
    else if (this.#isNearEnd() && this.end < this.size) this.step().catch(() => {});
    this.#paintSoon();
  }
  #lastTop = 0;
  #isMovedUp() { return this.pane.scrollTop < this.#lastTop - 1; }

  #toEnd() { requestAnimationFrame(() => { this.#paint(); this.pane.scrollTop = this.pane.scrollHeight; }); }

  #paintSoon() {
    if (this.#isPainting) return;
    this.#isPainting = true;
    requestAnimationFrame(() => { this.#isPainting = false; this.#paint(); });
  }

  #paint() {
    const length = this.#lines.length;
    let first = 0;
    let last = length;
    if (!this.#isWrapped) {
      first = Math.max(0, Math.floor(this.pane.scrollTop / this.lineHeight) - SPARE);
      last = Math.min(length, Math.ceil((this.pane.scrollTop + this.pane.clientHeight) / this.lineHeight) + SPARE);
      first = Math.min(first, last);
    }
    this.above.style.setProperty("height", `${first * this.lineHeight}px`);
    this.below.style.setProperty("height", `${(length - last) * this.lineHeight}px`);
    const wanted = this.#lines.slice(first, last);
    const there = this.shown.children;
    if (there.length === wanted.length && wanted.every((line, at) => there[at].line === line && there[at].drawn === line.data)) return;
    const old = new Map([...there].map((element) => [element.line, element]));
    this.shown.replaceChildren(...wanted.map((line) => {
      const known = old.get(line);
      return known && known.drawn === line.data ? known : this.#element(line);
    }));
  }

  #element(line) {
    const element = h("div", { class: "line" }, ansiLine(this.#text(line), line.style));
    element.line = line;
    element.drawn = line.data;
    return element;
  }

  #text(line) {
    const text = this.#decoder.decode(line.data).replace(/\r?\n$/, "");
    const back = text.lastIndexOf("\r", text.length - 2);
    return back >= 0 ? text.slice(back + 1) : text; // what a terminal would show of a line that was written over
  }
}

/** The lines of a piece that is at `offset`, `most` of them. */
function split(data, offset, most = Infinity) {
  const lines = [];
  for (let at = 0; at < data.length && lines.length < most;) {
    const cut = lineEnd(data, at, LONGEST);
    lines.push({ at: offset + at, data: data.subarray(at, cut), style: null });
    at = cut;
  }
  return lines;
}

/** Where the line that begins at `at` ends, or its first `most` bytes, which are whole characters. */
function lineEnd(data, at, most) {
  const last = at + Math.max(4, most);
  const cut = data.subarray(at, last).indexOf(NEWLINE) + 1;
  if (cut) return at + cut;
  if (last >= data.length) return data.length;
  let end = last;
  while (end > last - 3 && (data[end] & 0xc0) === 0x80) end--;
  return end;
}

/** Where the first whole line of a piece begins; its beginning if it holds no other one. */
function wholeFrom(data) {
  const cut = data.indexOf(NEWLINE) + 1;
  return cut < data.length ? cut : 0;
}
