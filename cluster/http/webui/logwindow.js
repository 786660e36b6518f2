// A window onto a text file of any size: holds a few megabytes of it, shows the visible lines, follows the end.
//
// Lines are kept as bytes and decoded when they are seen. The window grows by pieces at the end that is read,
// and drops what is far away at the other. Lines have one height, so that only the visible ones need elements.
import { ansiLine, lastStyle } from "./ansi.js";
import { h } from "./dom.js";

const MOST_BYTES = 4 << 20;
const MOST_WRAPPED = 3000; // lines in the page when they wrap and have heights of their own
const LONGEST = 20000; // bytes shown of one line
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
    this.isFollowing = false;
    while (this.#isBusy) await new Promise(requestAnimationFrame);
    this.#isBusy = true;
    try {
      await this.#begin(Math.floor(part * this.size));
      this.pane.scrollTop = 0;
    } catch { /* told by the next step */ } finally { this.#isBusy = false; }
    return undefined;
  }

  /** Where the first visible line begins in the file. */
  topOffset() { return this.#lines[Math.min(this.#lines.length - 1, Math.floor(this.pane.scrollTop / this.lineHeight))]?.at ?? 0; }

  async #begin(offset) {
    const piece = await this.read(offset, this.pieceBytes);
    this.#lines = [];
    this.size = piece.size;
    this.start = this.end = piece.offset;
    this.#isLost = false;
    let data = piece.data;
    if (piece.offset > 0) { // begin with a whole line
      const cut = data.indexOf(NEWLINE) + 1;
      data = data.subarray(cut);
      this.start = this.end = piece.offset + cut;
    }
    this.#append(data);
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
    if (piece.data.length === this.pieceBytes && this.isFollowing) return this.#extend();
    return undefined;
  }

  /** Take bytes that follow what is held. */
  #append(data) {
    let at = 0;
    const open = this.#lines.at(-1);
    if (open && open.data[open.data.length - 1] !== NEWLINE && data.length) {
      const cut = data.indexOf(NEWLINE) + 1 || data.length;
      const joined = new Uint8Array(open.data.length + cut);
      joined.set(open.data);
      joined.set(data.subarray(0, cut), open.data.length);
      open.data = joined;
      at = cut;
    }
    for (const line of split(data.subarray(at), this.end + at)) this.#lines.push({ ...line, style: this.#styleAfter(this.#lines.at(-1)) });
    this.end += data.length;
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
      let data = piece.data;
      let first = from;
      if (from > 0) { const cut = data.indexOf(NEWLINE) + 1; data = data.subarray(cut); first += cut; }
      const lines = split(data, first).map((line) => ({ ...line, style: null }));
      this.start = first;
      this.#lines.unshift(...lines);
      this.pane.scrollTop += lines.length * this.lineHeight;
      this.#dropBelow();
      this.#paintSoon();
      this.changed();
    } catch { /* told by the next step */ } finally { this.#isBusy = false; }
  }

  #dropAbove() {
    if (this.end - this.start <= MOST_BYTES) return;
    let n = 0;
    while (n < this.#lines.length - 1 && this.end - this.#lines[n].at > MOST_BYTES / 2) n++;
    this.start = this.#lines[n].at;
    this.#lines.splice(0, n);
    if (!this.isFollowing) this.pane.scrollTop -= n * this.lineHeight;
  }

  #dropBelow() {
    if (this.end - this.start <= MOST_BYTES) return;
    let n = this.#lines.length;
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
    const isWrapped = this.pane.classList.contains("wrap");
    const length = this.#lines.length;
    let first = 0;
    let last = length;
    if (isWrapped) first = Math.max(0, length - MOST_WRAPPED);
    else {
      first = Math.max(0, Math.floor(this.pane.scrollTop / this.lineHeight) - SPARE);
      last = Math.min(length, Math.ceil((this.pane.scrollTop + this.pane.clientHeight) / this.lineHeight) + SPARE);
      first = Math.min(first, last);
    }
    this.above.style.setProperty("height", `${isWrapped ? 0 : first * this.lineHeight}px`);
    this.below.style.setProperty("height", `${isWrapped ? 0 : (length - last) * this.lineHeight}px`);
    const wanted = this.#lines.slice(first, last);
    const old = new Map([...this.shown.children].map((element) => [element.line, element]));
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
    const isCut = line.data.length > LONGEST;
    let text = this.#decoder.decode(isCut ? line.data.subarray(0, LONGEST) : line.data).replace(/\r?\n$/, "");
    const back = text.lastIndexOf("\r", text.length - 2);
    if (back >= 0) text = text.slice(back + 1); // what a terminal would show of a line that was written over
    return isCut ? `${text} … ${line.data.length - LONGEST} more bytes in this line` : text;
  }
}

function split(data, offset) {
  const lines = [];
  for (let at = 0; at < data.length;) {
    const cut = data.indexOf(NEWLINE, at) + 1 || data.length;
    lines.push({ at: offset + at, data: data.subarray(at, cut) });
    at = cut;
  }
  return lines;
}
