// The list of agents, and one agent's page.
import { h } from "./dom.js";
import { ago, badge, bytes, count, duration, number, percent, plural, portsLine, resourceLine, shortId, since, tight } from "./format.js";
import { Resource } from "./live.js";
import { taskTable } from "./tasks.js";
import { Table } from "./table.js";
import { agentUrl, barCell, command, crumbs, facts, filesUrl, frameworkLink, heading, painted, panel, resourceTable, shortTable, waiting } from "./parts.js";

const KINDS = new Set(["agent_added", "agent_updated", "agent_removed"]);

const STATES = [["", "registered"], ["connected", "– connected"], ["disconnected", "– disconnected"],
  ["away", "away"], ["unreachable", "– unreachable"], ["gone", "– gone"], ["left", "– left"]];
/** What there is to say if nobody is in such a state. */
const NOBODY = {
  away: "No agent is away: all that registered since this master began are here.",
  unreachable: "No agent is unreachable.", gone: "No agent is gone: no operator has said that one never comes back.",
  left: "No agent has left since this master began.", disconnected: "No agent is disconnected.", connected: "No agent is connected.",
};
const isAway = (state) => ["away", "unreachable", "gone", "left"].includes(state);

export function agents({ query, signal, setTitle }) {
  setTitle("Agents");
  const table = new Table({
    path: "/page/agents", label: "Agents", base: "#/agents", query, signal, sort: "hostname", order: "asc", key: (row) => row.id,
    words: ({ state, search }) => ({
      search: "Search by host, id or address", one: isAway(state) ? "agent that is not here" : "agent", many: isAway(state) ? "agents that are not here" : "agents",
      empty: ["No agent has registered yet. Start one with: ", command(`mesos-agent --master=${location.host}`)], none: (!search && NOBODY[state]) || "No agent fits this search.",
    }),
    filters: [{ name: "state", label: "State", options: STATES }],
    columns: ({ state }) => (isAway(state) ? awayColumns() : columns()),
    update: (rows, event) => {
      const row = event.agent && rows.get(event.agent.id);
      if (row && !isAway(row.state)) Object.assign(row, event.agent);
      return KINDS.has(event.type) || event.type === "task_added" || event.type === "task_updated";
    },
  });
  const counts = new Resource({ path: "/page/now", signal, concerns: (event) => KINDS.has(event.type), changed: () => soon() });
  const [summary, soon] = painted(signal, () => {
    const away = ["unreachable", "gone"].filter((state) => counts.value?.overview.agents[state]);
    return away.length ? [h("p", { class: "dim" }, "Not here: ", away.map((state, at) => [at ? ", " : "", h("a", { href: `#/agents?state=${state}` }, `${count(counts.value.overview.agents[state])} ${state}`)]), ".")] : [];
  });
  return h("section", null, heading("Agents"), summary, table.element);
}

/** Agents of one host are told apart by their ids, where those have no column of their own too. */
const hostCell = (row) => [h("a", { href: agentUrl(row.id), title: row.id }, row.hostname), h("span", { class: "dim slim", title: row.id }, ` ${shortId(row.id).replace(/^…-/, "")}`)];

function columns() {
  return [
    { name: "Host", sort: "hostname", isHead: true, cell: (row) => hostCell(row) },
    { name: "Id", sort: "id", class: "wider", cell: (row) => h("span", { title: row.id, class: "dim" }, shortId(row.id)) },
    { name: "State", sort: "state", cell: (row) => [badge(row.state), row.disconnected_s ? h("span", { class: "dim" }, " ", ago(row.disconnected_s)) : null] },
    { name: "CPUs", class: "bars", cell: (row) => barCell("cpus", row) },
    { name: "Memory", class: "bars", cell: (row) => barCell("mem", row) },
    { name: "Disk", class: "bars wide", cell: (row) => barCell("disk", row) },
    { name: "GPUs", class: "figures wider", cell: (row) => (row.total.gpus ? `${number(row.used.gpus)} of ${number(row.total.gpus)}` : h("span", { class: "dim" }, "–")) },
    { name: "Ports", class: "wide", cell: (row) => (row.total.ports ? h("span", { class: "cut", title: row.total.ports }, portsLine(row.total.ports)) : h("span", { class: "dim" }, "–")) },
    { name: "Attributes", class: "wide", cell: (row) => attributes(row.attributes) },
    { name: "Tasks", sort: "tasks", first: "desc", class: "figures", cell: (row) => count(row.tasks) },
    { name: "Flaps", sort: "flaps", first: "desc", class: "figures", cell: (row) => (row.flaps ? count(row.flaps) : h("span", { class: "dim" }, "0")) },
    { name: "Age", sort: "registered", first: "desc", class: "figures", cell: (row) => since(row.registered_s) },
  ];
}

/** Of agents that the master has no more. */
function awayColumns() {
  return [
    { name: "Host", sort: "hostname", isHead: true, cell: (row) => hostCell(row) },
    { name: "Id", sort: "id", class: "wider", cell: (row) => h("span", { title: row.id, class: "dim" }, shortId(row.id)) },
    { name: "State", sort: "state", cell: (row) => badge(row.state) },
    { name: "Since", sort: "since", first: "desc", class: "figures", cell: (row) => ago(row.since_s) },
    { name: "Why", cell: (row) => h("span", { class: "cut", title: row.why }, tight(row.why)) },
    { name: "Tasks it had", sort: "tasks", first: "desc", class: "figures", cell: (row) => count(row.tasks) },
    { name: "Flaps", sort: "flaps", first: "desc", class: "figures wide", cell: (row) => count(row.flaps) },
    { name: "Registered", sort: "registered", first: "desc", class: "figures wide", cell: (row) => ago(row.registered_s) },
  ];
}

function attributes(given) {
  const text = Object.entries(given ?? {}).map(([name, value]) => `${name}: ${value}`).join(", ");
  return text ? h("span", { class: "cut", title: text }, text) : h("span", { class: "dim" }, "–");
}

export function agent({ args: [id], query, signal, setTitle }) {
  setTitle(`Agent ${shortId(id)}`);
  const about = new Resource({
    path: "/page/agent", query: { id }, signal, everyMs: 5000, gapMs: 1500, changed: () => soon(),
    concerns: (event) => event.agent?.id === id || event.agent_id === id || event.task?.agent_id === id,
  });
  let before = null;
  let last = null;
  const [top, soon] = painted(signal, () => {
    const missing = waiting(about, "This agent");
    if (missing) return [crumbs(h("a", { href: "#/agents" }, "Agents")), heading(`Agent ${shortId(id)}`), missing,
      about.fault?.status === 404 && h("p", { class: "dim" }, "It may have left, be out of reach, or not be back yet since the master was restarted. This page shows it as soon as it registers.")];
    const { agent: row, away, about: own, fault } = about.value;
    if (away) { setTitle(away.hostname); return awayAgent(away); }
    if (own && own !== last) { before = last; last = own; }
    setTitle(row.hostname);
    return [
      crumbs(h("a", { href: "#/agents" }, "Agents")),
      heading(row.hostname, badge(row.state), h("span", { class: "actions" }, h("a", { class: "button", href: `#/actors?agent=${encodeURIComponent(id)}` }, "Actors"), h("a", { class: "button", href: filesUrl(id, "/slave/log", "log") }, "Agent log"))),
      about.fault && h("p", { class: "note" }, about.fault.message, " What follows is the last picture."),
      facts(["Id", h("code", null, row.id)], ["Address", h("code", null, row.pid)], ["Registered", ago(row.registered_s)], ["Came back", row.reregistered_s ? ago(row.reregistered_s) : null],
        ["Connection lost", row.flaps ? plural(row.flaps, "time") : "never"], ["Version", row.version], ["Process up", own ? since(own.started_s) : null], ["Event loop", own ? `at most ${duration(own.lag_max_s)} late in the last minute` : null],
        ["Ports", row.total.ports && portsLine(row.total.ports)], ["Attributes", Object.keys(row.attributes).length ? attributes(row.attributes) : "none"]),
      panel("Resources", resourceTable(row.total, row.used, row.offered)),
      panel("Executors", fault ? h("p", { class: "note" }, `The agent could not be asked: ${tight(fault)}`)
        : shortTable("Executors that run", executorColumns(id, before, own), own.executors, "No executor runs here now.")),
      own?.ended_executors.length ? h("details", { class: "panel", "data-keep": null }, h("summary", null, `${plural(own.ended_executors.length, "ended executor")}, with sandboxes`),
        shortTable("Executors that ended", endedColumns(id), [...own.ended_executors].reverse().slice(0, 100), "")) : null,
    ];
  });
  const table = taskTable({ query, signal, base: agentUrl(id), fixed: { agent_id: id }, without: ["agent"] });
  return h("section", null, top, h("section", { class: "panel" }, h("h2", null, "Tasks"), table.element));
}

const OUTLOOK = {
  unreachable: "Nobody knows what it does. Frameworks that know of unreachable tasks may see theirs again if it comes back; it is taken back as soon as it registers.",
  gone: "It is shut down if it comes back.",
  left: "It said goodbye, or another agent has its address now. An agent that is started anew has another id.",
};

/** The page of an agent that the master has no more. */
function awayAgent(row) {
  return [
    crumbs(h("a", { href: "#/agents" }, "Agents"), h("a", { href: "#/agents?state=away" }, "Away")), heading(row.hostname, badge(row.state)),
    h("p", { class: "cause bad" }, `It is ${row.state === "left" ? "away" : row.state}: ${tight(row.why)}.`),
    h("p", { class: "dim" }, OUTLOOK[row.state]),
    facts(["Id", h("code", null, row.id)], ["Address", h("code", null, row.pid)], ["Since", ago(row.since_s)], ["Registered", ago(row.registered_s)],
      ["Connection lost", row.flaps ? plural(row.flaps, "time") : "never"], ["Tasks it had", count(row.tasks)]),
  ];
}

/** CPU use is the difference between the last two readings. */
function cpus(executor, before) {
  const now = executor.statistics;
  if (!now) return "–";
  const old = before?.executors.find((one) => one.container_id === executor.container_id)?.statistics;
  const spent = (one) => (one.cpus_user_time_secs ?? 0) + (one.cpus_system_time_secs ?? 0);
  const passed = old ? now.timestamp - old.timestamp : 0;
  return passed > 0 ? number(Math.max(0, spent(now) - spent(old)) / passed) : "…";
}

function executorColumns(agentId, before, own) {
  return [
    ["Executor", (e) => [h("a", { href: filesUrl(agentId, e.directory, e.id), title: e.name }, e.id), " ", h("span", { class: "dim" }, e.is_command ? "command" : "custom")]],
    ["Framework", (e) => frameworkLink(e.framework_id, e.framework_name)],
    ["Phase", (e) => e.phase, "plain"],
    ["Tasks", (e) => count(e.tasks.length + e.queued), "figures"],
    ["Ended", (e) => count(e.ended_tasks), "figures"],
    ["CPUs used", (e) => [cpus(e, before), h("span", { class: "dim" }, ` of ${number(e.statistics?.cpus_limit ?? e.resources.cpus)}`)], "figures"],
    ["Memory used", (e) => (e.statistics ? [bytes(e.statistics.mem_rss_bytes ?? 0), h("span", { class: "dim" }, ` of ${bytes(e.statistics.mem_limit_bytes ?? 0)}`)] : "–"), "figures"],
    ["Processes", (e) => e.statistics?.processes ?? "–", "figures"],
    ["Sandbox", (e) => h("a", { href: filesUrl(agentId, e.directory, e.id) }, "browse")],
  ];
}

function endedColumns(agentId) {
  return [
    ["Executor", (e) => h("span", { title: e.name }, e.id)], ["Framework", (e) => frameworkLink(e.framework_id, e.framework_name)],
    ["Tasks", (e) => count(e.ended_tasks), "figures"], ["Sandbox", (e) => h("a", { href: filesUrl(agentId, e.directory, e.id) }, "browse")],
  ];
}
