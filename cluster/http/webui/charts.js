// Pictures of numbers: areas and lines over time, drawn as SVG of the size they are shown in.
import { h } from "./dom.js";
import { clock } from "./format.js";

const LEFT = 64;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 24;

/**
 * Lines or areas over time.
 * @param series  [{name, tone, values, isArea}]; values are null where nothing is known; areas are stacked
 * @param times   epoch seconds of the values
 * @param limit   a value drawn as a line at the top: the total
 */
export function timeChart({ series, times, limit, text, label, height = 200, width = 900 }) {
  const inner = { width: Math.max(50, width - LEFT - RIGHT), height: height - TOP - BOTTOM };
  const stacked = stack(series, times.length);
  const most = Math.max(1e-9, ...(limit ?? [0]).filter((v) => v !== null), ...stacked.flatMap(({ tops }) => tops.filter((v) => v !== null)));
  if (most <= 1e-9) return h("p", { class: "empty" }, "Nothing to draw: it was zero all the time.");
  const top = nice(most);
  const x = (at) => LEFT + (times.length > 1 ? ((times[at] - times[0]) / (times.at(-1) - times[0])) * inner.width : inner.width);
  const y = (value) => TOP + inner.height * (1 - value / top);
  const ticks = [0, top / 2, top];
  const svg = h("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, height },
    stacked.some(({ one }) => one.isArea && one.tone === "offered") ? hatches() : null,
    ticks.map((value) => h("g", null, h("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
      h("text", { class: "axis", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, text(value)))),
    timeTicks(times, width).map((at) => h("text", { class: "axis", x: Math.min(x(at), width - RIGHT), y: height - 6, "text-anchor": at === times.length - 1 ? "end" : at === 0 ? "start" : "middle" }, clock(times[at]).slice(0, times.at(-1) - times[0] < 900 ? 8 : 5))),
    stacked.map(({ one, tops, bases }) => (one.isArea
      ? h("path", { class: `area ${one.tone}`, d: area(tops, bases, x, y) })
      : h("path", { class: `line ${one.tone}`, d: line(tops, x, y) }))),
    limit && h("path", { class: "line limit", d: line(limit, x, y) }));
  return h("div", { class: "charted" }, svg, legend(series, times, text, limit));
}

/** What is offered is hatched, here as in bars. */
const hatches = () => h("defs", null, h("pattern", { id: "hatches", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
  h("rect", { class: "hatch", width: 4, height: 7 })));

function stack(series, length) {
  const sums = new Array(length).fill(0);
  return series.map((one) => {
    if (!one.isArea) return { one, tops: one.values };
    const bases = sums.slice();
    const tops = one.values.map((value, at) => (value === null ? null : (sums[at] += value)));
    return { one, tops, bases };
  });
}

function line(values, x, y) {
  let path = "";
  let isDown = false;
  values.forEach((value, at) => {
    if (value === null || value === undefined) { isDown = false; return; }
    path += `${isDown ? "L" : "M"}${x(at).toFixed(1)},${y(value).toFixed(1)}`;
    isDown = true;
  });
  return path;
}

function area(tops, bases, x, y) {
  const there = tops.map((value, at) => (value === null ? -1 : at)).filter((at) => at >= 0);
  if (!there.length) return "";
  const up = there.map((at) => `${x(at).toFixed(1)},${y(tops[at]).toFixed(1)}`);
  const down = there.reverse().map((at) => `${x(at).toFixed(1)},${y(bases[at]).toFixed(1)}`);
  return `M${up.join("L")}L${down.join("L")}Z`;
}

/** Samples to write the time below: about evenly spaced in time, which samples need not be. */
function timeTicks(times, width) {
  if (times.length < 2) return times.map((_, at) => at);
  const most = Math.max(1, Math.floor(width / 160));
  const step = (times.at(-1) - times[0]) / most;
  const ticks = [0];
  times.forEach((time, at) => {
    if (time - times[ticks.at(-1)] >= step * 0.95 && times.at(-1) - time >= step * 0.95) ticks.push(at);
  });
  return [...ticks, times.length - 1];
}

/** A round number at or above. */
function nice(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * size).find((step) => step >= value * 0.999);
}

/** A piece of a line, dashed as that is. */
const stroke = (tone) => h("svg", { class: "chart stroke", width: 22, height: 8, "aria-hidden": "true" }, h("path", { class: `line ${tone}`, d: "M0,4L22,4" }));

/** The latest values in words, which is also what the colours mean. */
function legend(series, times, text, limit) {
  const at = Math.max(0, times.length - 1);
  return h("ul", { class: "legend" }, times.length ? h("li", { class: "when" }, clock(times[at])) : null,
    series.map((one) => h("li", null, one.isArea ? h("span", { class: `swatch ${one.tone}` }) : stroke(one.tone), `${one.name} `, h("b", null, one.values[at] === null || one.values[at] === undefined ? "–" : text(one.values[at])))),
    limit && h("li", null, stroke("limit"), "total ", h("b", null, text(limit[at] ?? 0))));
}

/** Horizontal bars of shares: [{label, share, text, note, href, depth}]; a full bar is all of the cluster. */
export function shareBars(rows, label) {
  return h("ul", { class: "shares", "aria-label": label }, rows.map((row) => h("li", { class: row.depth ? "inner" : null },
    h("span", { class: "who" }, row.href ? h("a", { href: row.href }, row.label) : row.label, row.note && h("span", { class: "dim" }, ` ${row.note}`)),
    h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: `fill ${row.depth ? "inner" : ""}`, style: { width: `${100 * row.share}%` } })),
    h("span", { class: "figure" }, row.text))));
}
