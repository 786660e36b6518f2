// Colours of terminals: SGR codes become classes of spans, other control sequences are left out.
import { h } from "./dom.js";

const CODES = /\x1b(?:\[([0-9;:]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_=>])|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]/g;
const PLAIN = Object.freeze({ bold: false, dim: false, italic: false, underline: false, inverse: false, fg: null, bg: null });

/** The nodes of a line that begins in the given style. */
export function ansiLine(text, style) {
  const nodes = [];
  walk(text, style, (part, now) => nodes.push(now === PLAIN || isPlain(now) ? part : span(part, now)));
  return nodes;
}

/** The style in which the next line begins. */
export function lastStyle(text, style) { return walk(text, style, () => {}); }

function walk(text, style, show) {
  let now = style ?? PLAIN;
  let at = 0;
  for (const match of text.matchAll(CODES)) {
    if (match.index > at) show(text.slice(at, match.index), now);
    at = match.index + match[0].length;
    if (match[2] === "m") now = changed(now, match[1]);
  }
  if (at < text.length) show(text.slice(at), now);
  return isPlain(now) ? null : now;
}

const isPlain = (style) => !(style.bold || style.dim || style.italic || style.underline || style.inverse || style.fg !== null || style.bg !== null);

function changed(style, parameters) {
  const codes = (parameters || "0").split(/[;:]/).map(Number);
  let now = { ...style };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at];
    if (code === 0) now = { ...PLAIN };
    else if (code === 1) now.bold = true;
    else if (code === 2) now.dim = true;
    else if (code === 3) now.italic = true;
    else if (code === 4) now.underline = true;
    else if (code === 7) now.inverse = true;
    else if (code === 22) now.bold = now.dim = false;
    else if (code === 23) now.italic = false;
    else if (code === 24) now.underline = false;
    else if (code === 27) now.inverse = false;
    else if (code >= 30 && code <= 37) now.fg = code - 30;
    else if (code >= 90 && code <= 97) now.fg = code - 82;
    else if (code === 39) now.fg = null;
    else if (code >= 40 && code <= 47) now.bg = code - 40;
    else if (code >= 100 && code <= 107) now.bg = code - 92;
    else if (code === 49) now.bg = null;
    else if (code === 38 || code === 48) {
      const which = code === 38 ? "fg" : "bg";
      if (codes[at + 1] === 5) { now[which] = colour(codes[at + 2]); at += 2; }
      else if (codes[at + 1] === 2) { now[which] = `rgb(${codes.slice(at + 2, at + 5).map((n) => n & 255).join(" ")})`; at += 4; }
    }
  }
  return now;
}

/** One of 256: the first 16 follow the theme. */
function colour(n) {
  if (n < 16) return n;
  if (n >= 232) { const grey = 8 + (n - 232) * 10; return `rgb(${grey} ${grey} ${grey})`; }
  const level = (v) => (v ? 55 + v * 40 : 0);
  return `rgb(${level(Math.floor((n - 16) / 36))} ${level(Math.floor((n - 16) / 6) % 6)} ${level((n - 16) % 6)})`;
}

function span(text, style) {
  const names = ["bold", "dim", "italic", "underline", "inverse"].filter((name) => style[name]).map((name) => `ansi-${name}`);
  if (typeof style.fg === "number") names.push(`fg${style.fg}`);
  if (typeof style.bg === "number") names.push(`bg${style.bg}`);
  const element = h("span", { class: names.join(" ") }, text);
  if (typeof style.fg === "string") { element.classList.add("rgb"); element.style.setProperty("--fg", style.fg); }
  if (typeof style.bg === "string") element.style.backgroundColor = style.bg;
  return element;
}
