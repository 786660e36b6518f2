// Figures, times and states in words.
import { h } from "./dom.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const hundredth = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** Between a figure and its unit, where no line may break. */
const NB = "\u00a0";
const UNITS = /(\d) (?=(?:ms|s|min|h|d|[KMGT]?B|CPUs?|GPUs?)\b|%)/g;
/** A sentence of the master, with its figures and their units kept together. */
export const tight = (text) => String(text ?? "").replace(UNITS, `$1${NB}`);

export const count = (n) => whole.format(n ?? 0);
export const number = (n) => (Math.abs(n ?? 0) >= 1000 ? whole : Math.abs(n ?? 0) >= 100 ? tenth : hundredth).format(n ?? 0);
export const percent = (part) => `${(part > 0 && part < 0.0995 ? tenth : whole).format(part * 100)}${NB}%`;
export const plural = (n, one, many = `${one}s`) => `${count(n)}${NB}${n === 1 ? one : many}`;

/** Bytes in the largest fitting unit. */
export function bytes(n) {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let at = 0;
  let value = n ?? 0;
  while (value >= 1024 && at < units.length - 1) { value /= 1024; at++; }
  return `${(at === 0 ? whole : value >= 100 ? whole : tenth).format(value)}${NB}${units[at]}`;
}

/** An amount of a resource with its unit: mem and disk are in megabytes. */
export function amount(name, value) {
  if (typeof value === "string") return value;
  return name === "mem" || name === "disk" ? bytes((value ?? 0) * 1024 * 1024) : number(value);
}

export const LABELS = { cpus: "CPUs", mem: "Memory", disk: "Disk", gpus: "GPUs", ports: "Ports" };
export const RESOURCES = ["cpus", "mem", "disk", "gpus"];

/** Resources in one line; what is zero is left out. */
export function resourceLine(resources) {
  const parts = [];
  for (const [name, value] of Object.entries(resources ?? {})) {
    if (!value) continue;
    const unit = name === "cpus" ? (value === 1 ? "CPU" : "CPUs") : name === "gpus" ? (value === 1 ? "GPU" : "GPUs") : "";
    parts.push(unit ? number(value) + NB + unit : name === "ports" ? (typeof value === "number" ? plural(value, "port") : `ports ${value}`) : `${amount(name, value)}${NB}${name}`);
  }
  return parts.join(", ") || "nothing";
}

/** Ports without the brackets they are written in. */
export const portsLine = (ports) => ports.replace(/[[\]]/g, "");

/** A duration in its two largest units. */
export function duration(seconds) {
  const s = Math.max(0, seconds);
  if (s < 0.0095) return `0${NB}s`;
  if (s < 1) return `${Math.round(s * 1000)}${NB}ms`;
  if (s < 10) return `${Number.isInteger(s) ? s : s.toFixed(1)}${NB}s`;
  if (s < 60) return `${Math.floor(s)}${NB}s`;
  if (s < 3600) return `${Math.floor(s / 60)}${NB}min${s % 60 >= 1 && s < 600 ? ` ${Math.floor(s % 60)}${NB}s` : ""}`;
  if (s < 86400) return `${Math.floor(s / 3600)}${NB}h ${Math.floor((s % 3600) / 60)}${NB}min`;
  return `${Math.floor(s / 86400)}${NB}d ${Math.floor((s % 86400) / 3600)}${NB}h`;
}

let skewS = 0;
/** The page counts ages with the master's clock. */
export function setClock(masterNowS) { skewS = masterNowS - Date.now() / 1000; }
export const nowS = () => Date.now() / 1000 + skewS;

const ageText = (at) => { const s = nowS() - at; return s < 1 ? "now" : s < 60 ? `${Math.floor(s)}${NB}s ago` : `${duration(s)} ago`; };
const sinceText = (at) => duration(Math.floor(nowS() - at));

/** A moment as "3 min ago", kept up to date; the full time is its title. */
export function ago(at) {
  if (!at) return h("span", { class: "dim" }, "–");
  return h("time", { "data-ago": at, datetime: new Date(at * 1000).toISOString(), title: moment(at) }, ageText(at));
}

/** How long it is since a moment, kept up to date. */
export function since(at) {
  if (!at) return h("span", { class: "dim" }, "–");
  return h("time", { "data-since": at, datetime: new Date(at * 1000).toISOString(), title: moment(at) }, sinceText(at));
}

export function keepTimes() {
  setInterval(() => {
    if (document.hidden) return;
    for (const node of document.querySelectorAll("[data-ago]")) set(node, ageText(+node.dataset.ago));
    for (const node of document.querySelectorAll("[data-since]")) set(node, sinceText(+node.dataset.since));
  }, 1000);
}
function set(node, text) { if (node.textContent !== text) node.textContent = text; }

const pad = (n, to = 2) => String(n).padStart(to, "0");
export function moment(at) {
  const d = new Date(at * 1000);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${clock(at)}`;
}
export function clock(at) {
  const d = new Date(at * 1000);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

// -- states ---------------------------------------------------------------------------------------

export const TASK_STATES = {
  TASK_STAGING: ["staging", "wait"], TASK_STARTING: ["starting", "wait"], TASK_RUNNING: ["running", "run"],
  TASK_KILLING: ["being killed", "wait"], TASK_FINISHED: ["finished", "good"], TASK_FAILED: ["failed", "bad"],
  TASK_KILLED: ["killed", "off"], TASK_ERROR: ["refused", "bad"], TASK_LOST: ["lost", "bad"],
  TASK_DROPPED: ["dropped", "bad"], TASK_GONE: ["gone", "bad"], TASK_GONE_BY_OPERATOR: ["gone by operator", "bad"],
  TASK_UNREACHABLE: ["unreachable", "lostsight"], TASK_UNKNOWN: ["unknown", "lostsight"],
};
export const GROUPS = {
  running: ["TASK_RUNNING", "TASK_KILLING"],
  waiting: ["TASK_STAGING", "TASK_STARTING"],
  ended: ["TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE", "TASK_GONE_BY_OPERATOR"],
};
const STANDINGS = {
  connected: "run", active: "run", disconnected: "lostsight", inactive: "lostsight", unreachable: "bad",
  gone: "off", completed: "off", recovered: "wait", draining: "wait",
};

/** A state as a word with a shape and a colour: never by colour alone. */
export function badge(state) {
  const [word, tone] = TASK_STATES[state] ?? [state, STANDINGS[state] ?? "off"];
  return h("span", { class: `state ${tone}` }, word);
}
export const stateWord = (state) => TASK_STATES[state]?.[0] ?? state;
export const isEnded = (state) => GROUPS.ended.includes(state);

/** The end of a long id that tells it from its like; the whole one is the title. */
export function shortId(id) {
  const text = String(id ?? "");
  const dash = text.lastIndexOf("-");
  return text.length > 24 && dash > 8 ? `…${text.slice(dash)}` : text;
}
