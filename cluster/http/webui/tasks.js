// The list of tasks, which other views show a part of, and one task's page.
import { post } from "./api.js";
import { confirmLoss, h, toast } from "./dom.js";
import { GROUPS, TASK_STATES, ago, amount, badge, clock, duration, isEnded, moment, nowS, number, resourceLine, stateWord } from "./format.js";
import { Resource } from "./live.js";
import { frameworkNames, learnFramework } from "./names.js";
import { agentLink, crumbs, facts, filesUrl, frameworkLink, frameworkUrl, heading, logUrl, painted, panel, taskUrl, waiting, whyUrl } from "./parts.js";
import { Table } from "./table.js";
import { causeOf, reasonWords, sourceWords } from "./words.js";

const STATES = [["", "all"], ["running", "running"], ["waiting", "waiting"], ["ended", "ended"],
  ...Object.entries(TASK_STATES).map(([state, [word]]) => [state, `– ${word}`])];

export function tasks({ query, signal, setTitle }) {
  setTitle("Tasks");
  return h("section", null, heading("Tasks"), taskTable({ query, signal, base: "#/tasks" }).element);
}

/** A list of tasks. `fixed` limits it to an agent or framework; `without` names columns not to show. */
export function taskTable({ query, signal, base, fixed = {}, without = [] }) {
  const columns = [
    { id: "name", name: "Name", sort: "name", isHead: true, cell: (row) => h("a", { href: taskUrl(row.framework_id, row.id), class: "cut", title: row.name }, row.name || row.id) },
    { id: "id", name: "Id", sort: "id", class: "wider", cell: (row) => h("span", { class: "cut dim", title: row.id }, row.id) },
    { id: "state", name: "State", sort: "state", cell: (row) => [badge(row.state), row.healthy === false ? h("span", { class: "state bad" }, "unhealthy") : null] },
    { id: "framework", name: "Framework", class: "roomy", cell: (row) => frameworkLink(row.framework_id) },
    { id: "agent", name: "Agent", class: "wide", cell: (row) => agentLink(row.agent_id) },
    { id: "cpus", name: "CPUs", class: "figures wide", cell: (row) => number(row.resources.cpus) },
    { id: "mem", name: "Memory", class: "figures wide", cell: (row) => amount("mem", row.resources.mem) },
    { id: "started", name: "Started", sort: "started", first: "desc", class: "figures", cell: (row) => ago(row.started_s) },
    { id: "updated", name: "Changed", sort: "updated", first: "desc", class: "figures roomy", cell: (row) => ago(row.updated_s) },
    { id: "sandbox", name: "Sandbox", class: "wide", cell: (row) => h("a", { href: taskSandbox(row) }, "browse") },
  ];
  return new Table({
    path: "/page/tasks", label: "Tasks", base, query, signal, fixed, sort: "started", order: "desc", key: (row) => `${row.framework_id}\n${row.id}`,
    words: { search: "Search by id, name, state, agent or framework", one: "task", many: "tasks", empty: "There are no tasks yet. They appear here as soon as a framework launches one.", none: "No task fits this search." },
    filters: [{ name: "state", label: "State", options: STATES }],
    translate: ({ state }) => (GROUPS[state] ? { state: GROUPS[state].join() } : {}),
    columns: columns.filter(({ id }) => !without.includes(id)),
    update: (rows, event) => {
      if (event.type === "task_updated") {
        const row = rows.get(`${event.framework_id}\n${event.task_id}`);
        if (row) Object.assign(row, { state: event.state, updated_s: event.at_s ?? row.updated_s, started_s: row.started_s ?? event.at_s, reason: event.reason, message: event.message, healthy: event.healthy });
      }
      const about = event.task ?? event;
      if (!event.type.startsWith("task")) return false;
      return (!fixed.framework_id || about.framework_id === fixed.framework_id) && (!fixed.agent_id || about.agent_id === fixed.agent_id);
    },
  });
}

/** Where the files of a task are: below its own container if that is known, else the last of its executor. */
export function taskSandbox(row, containerId) {
  const executor = row.executor_id || row.id;
  return filesUrl(row.agent_id, `/frameworks/${row.framework_id}/executors/${executor}/runs/${containerId || "latest"}`, row.name || row.id);
}

export function task({ args: [frameworkId, id], signal, setTitle }) {
  setTitle(`Task ${id}`);
  const found = new Resource({
    path: "/page/task", query: { framework_id: frameworkId, task_id: id }, signal, gapMs: 300, changed: () => soon(),
    concerns: (event) => event.task_id === id || event.task?.id === id || event.framework_id === frameworkId && event.type === "framework_removed",
  });
  const [root, soon] = painted(signal, () => {
    const way = [h("a", { href: "#/tasks" }, "Tasks"), frameworkLink(frameworkId, found.value?.framework_name)];
    const missing = waiting(found, "This task");
    if (missing) return [crumbs(...way), heading(id), missing, found.fault?.status === 404 && h("p", { class: "dim" }, "Only the last ended tasks of a framework are remembered, and none from before the master was restarted.")];
    return [crumbs(...way), ...paint(found.value)];
  });
  function paint({ task: one, standing, framework_name: name, hostname, agent_pid: pid, is_kill_wanted: isKillWanted }) {
    setTitle(one.name || id);
    learnFramework({ id: frameworkId, name });
    const statuses = one.statuses ?? [];
    const last = statuses.at(-1);
    const state = standing === "unreachable" ? "TASK_UNREACHABLE" : one.state;
    const agentId = one.agent_id?.value ?? one.slave_id?.value;
    const container = statuses.map((s) => s.container_status?.container_id?.value).filter(Boolean).at(-1);
    const row = { id, name: one.name, agent_id: agentId, framework_id: frameworkId, executor_id: one.executor_id?.value };
    const path = new URLSearchParams(taskSandbox(row, container).split("?")[1]).get("path");
    const first = statuses[0]?.timestamp;
    return [
      heading(one.name || id, badge(state), isKillWanted && !isEnded(state) ? badge("TASK_KILLING") : null,
        h("span", { class: "actions" },
          h("a", { class: "button", href: taskSandbox(row, container) }, "Sandbox"), h("a", { class: "button", href: logUrl(agentId, `${path}/stdout`) }, "stdout"), h("a", { class: "button", href: logUrl(agentId, `${path}/stderr`) }, "stderr"),
          !isEnded(state) && standing === "active" && h("button", { type: "button", class: "danger", onclick: () => kill(one, row, name, hostname) }, "Kill …"))),
      h("p", { class: `cause ${TASK_STATES[state]?.[1] ?? ""}` }, causeOf(state, last), last?.message && isEnded(state) ? h("span", { class: "said" }, `${sourceWords(last.source) || "It was said"}: “${last.message}”`.replace(/^./, (c) => c.toUpperCase())) : null),
      facts(["Id", h("code", null, id)], ["Framework", frameworkLink(frameworkId, name)], ["Agent", agentLink(agentId, hostname), pid ? null : h("span", { class: "dim" }, " (not registered now)")],
        ["Executor", h("code", null, row.executor_id || `${id} (command)`)], ["Resources", resourceLine(amounts(one.resources))], ["User", one.user],
        ["Ran for", first ? (isEnded(state) ? duration(last.timestamp - first) : h("span", { "data-since": first }, duration(nowS() - first))) : null],
        ["Health", last?.healthy === undefined || last?.healthy === null ? null : last.healthy ? "healthy" : "unhealthy"],
        ["Labels", one.labels?.labels?.length ? one.labels.labels.map((l) => `${l.key}${l.value ? `: ${l.value}` : ""}`).join(", ") : null], ["Container", container ? h("code", null, container) : null]),
      panel("History", statuses.length ? h("ol", { class: "story" }, statuses.map((status, at) => h("li", null,
        h("time", { class: "when", datetime: new Date(status.timestamp * 1000).toISOString(), title: moment(status.timestamp) }, clock(status.timestamp), at ? h("span", { class: "dim" }, ` +${duration(status.timestamp - statuses[at - 1].timestamp)}`) : null),
        badge(status.state), h("span", null, [sourceWords(status.source) && `${sourceWords(status.source)} said so`, reasonWords(status.reason)].filter(Boolean).join(": ").replace(/^./, (c) => c.toUpperCase()), status.message ? h("span", { class: "said" }, `“${status.message}”`) : null))))
        : h("p", { class: "empty" }, "Nothing was reported yet: the task is on its way to its agent.")),
      TASK_STATES[state]?.[1] === "wait" && h("p", { class: "dim" }, "If others of this framework are not launched at all: ", h("a", { href: whyUrl(frameworkId) }, "why is my task not running?")),
    ];
  }
  return root;
}

function amounts(resources) {
  const sums = {};
  for (const { name, scalar, ranges } of resources ?? []) {
    if (scalar) sums[name] = (sums[name] ?? 0) + scalar.value;
    else if (ranges) sums[name] = ranges.range.map(({ begin, end }) => (begin === end ? begin : `${begin}-${end}`)).join(", ");
  }
  return sums;
}

async function kill(one, row, framework, hostname) {
  const yes = await confirmLoss(`Kill ${one.name || row.id}?`, [
    `The task ${row.id} of ${framework} on ${hostname ?? "its agent"} is asked to end, and killed if it does not in time.`,
    `What it has not written yet is lost; ${resourceLine(amounts(one.resources))} become free.`,
    "Its framework learns that it was killed, and may launch it again.",
  ], "Kill the task");
  if (!yes) return;
  try {
    await post("/tasks/kill", { frameworkId: row.framework_id, taskId: row.id });
    toast(`${one.name || row.id} is being killed.`);
  } catch (fault) { toast(`${one.name || row.id} was not killed: ${fault.message}`, "bad"); }
}
