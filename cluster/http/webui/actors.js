// The actors of the master or an agent: how long their queues are, and how late the event loop is.
import { h } from "./dom.js";
import { count, duration, number, plural, shortId } from "./format.js";
import { Resource } from "./live.js";
import { get } from "./api.js";
import { heading, painted, panel, shortTable, waiting } from "./parts.js";

const EVERY_MS = 2000;
const KEPT = 60;

export function actors({ query, signal, setTitle }) {
  setTitle("Actors");
  let before = null;
  let last = null;
  const lags = [];
  const found = new Resource({ path: "/page/processes", query: query.agent ? { agent_id: query.agent } : {}, signal, everyMs: EVERY_MS, gapMs: 500, changed: () => {
    if (found.value && found.value !== last) { before = last; last = found.value; lags.push(last.lag_s); if (lags.length > KEPT) lags.shift(); }
    soon();
  } });
  const agents = new Resource({ path: "/page/agents", query: { limit: 1000, sort: "hostname" }, signal, concerns: (event) => event.type.startsWith("agent"), changed: () => soon() });
  /** The agents to choose from; the chosen one is among them before the list is there, and beyond its end. */
  function known() {
    const listed = agents.value?.found ?? [];
    return !query.agent || listed.some((one) => one.id === query.agent) ? listed : [{ id: query.agent }, ...listed];
  }
  const [root, soon] = painted(signal, () => [
    heading("Actors"),
    h("div", { class: "controls" }, h("label", null, h("span", null, "Process"), h("select", { onchange: (event) => { location.hash = event.target.value ? `#/actors?agent=${encodeURIComponent(event.target.value)}` : "#/actors"; } },
      h("option", { value: "", selected: !query.agent }, "the master"), known().map((one) => h("option", { value: one.id, selected: one.id === query.agent }, one.pid ? `agent ${one.hostname} (${one.pid.split("@")[1]})` : `agent ${shortId(one.id)}`))))),
    waiting(found, "The actors") ?? paint(),
  ]);
  function paint() {
    const passed = before ? last.at_s - before.at_s : 0;
    const old = new Map((before?.actors ?? []).map((one) => [one.name, one]));
    const rows = last.actors.map((one) => ({ ...one, total: sum(one.handled), rate: passed > 0 && old.has(one.name) ? Math.max(0, sum(one.handled) - sum(old.get(one.name).handled)) / passed : null }));
    return [
      found.fault && h("p", { class: "note" }, found.fault.message, " This is the last picture."),
      h("div", { class: "tiles" },
        h("section", { class: "tile" }, h("h2", null, "Event loop"), h("p", { class: "big" }, duration(last.lag_s), h("span", { class: "dim" }, " late now")), h("p", { class: "dim" }, `at most ${duration(last.lag_max_s)} in the last minute`), lagBars(lags)),
        h("section", { class: "tile" }, h("h2", null, "Messages"), h("p", { class: "big" }, passed > 0 ? number(rows.reduce((all, one) => all + (one.rate ?? 0), 0)) : "…", h("span", { class: "dim" }, " a second")), h("p", { class: "dim" }, `${plural(rows.reduce((all, one) => all + one.queue, 0), "message")} waiting in ${plural(last.total, "actor")}`))),
      panel("Every actor", shortTable("Actors", [
        ["Actor", (one) => [h("b", null, one.name), " ", h("span", { class: "dim" }, one.kind)]],
        ["Queue", (one) => count(one.queue), "figures"], ["Oldest message", (one) => (one.queue ? duration(one.oldest_s) : h("span", { class: "dim" }, "–")), "figures"],
        ["Messages/s", (one) => (one.rate === null ? "…" : number(one.rate)), "figures"], ["Handled", (one) => count(one.total), "figures"],
        ["Most of them", (one) => h("span", { class: "dim" }, Object.entries(one.handled).sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name, n]) => `${name} ${count(n)}`).join(", ")), "wordy"],
      ], rows, "This process has no actors.")),
      last.total > rows.length && h("p", { class: "dim" }, `The ${count(rows.length)} busiest of ${count(last.total)} are shown.`),
    ];
  }
  return root;
}

const sum = (handled) => Object.values(handled).reduce((all, n) => all + n, 0);

function lagBars(lags) {
  const most = Math.max(0.01, ...lags);
  return h("svg", { class: "spark lag", width: 180, height: 30, role: "img", "aria-label": `Lag since this view was opened: at most ${duration(Math.max(0, ...lags))}` },
    h("line", { class: "grid", x1: 0, x2: 180, y1: 29.5, y2: 29.5 }), lags.map((lag, at) => h("rect", { x: at * 3, y: 30 - Math.max(1, (28 * lag) / most), width: 2, height: Math.max(1, (28 * lag) / most) })));
}
