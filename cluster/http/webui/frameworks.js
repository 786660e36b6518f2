// The list of frameworks, and one framework's page.
import { get, post } from "./api.js";
import { confirmLoss, h, toast } from "./dom.js";
import { ago, amount, badge, count, duration, plural, resourceLine, shortId, since } from "./format.js";
import { Resource } from "./live.js";
import { learnFramework } from "./names.js";
import { agentLink, crumbs, facts, frameworkUrl, heading, painted, panel, shortTable, waiting, whyUrl } from "./parts.js";
import { Table } from "./table.js";
import { taskTable } from "./tasks.js";

const KINDS = new Set(["framework_added", "framework_updated", "framework_removed"]);
const amountCell = (name) => (row) => (row.used[name] || row.offered[name]
  ? [amount(name, row.used[name] ?? 0), row.offered[name] ? h("span", { class: "dim" }, ` +${amount(name, row.offered[name])} offered`) : null] : h("span", { class: "dim" }, "–"));

export function frameworks({ query, signal, setTitle }) {
  setTitle("Frameworks");
  const table = new Table({
    path: "/page/frameworks", label: "Frameworks", base: "#/frameworks", query, signal, sort: "registered", order: "desc", key: (row) => row.id,
    words: { search: "Search by name, id or user", one: "framework", many: "frameworks", empty: "No framework has subscribed yet.", none: "No framework fits this search." },
    filters: [{ name: "state", label: "State", options: [["", "all"], ...["active", "inactive", "recovered", "completed"].map((state) => [state, state])] }],
    columns: [
      { name: "Name", sort: "name", isHead: true, cell: (row) => h("a", { href: frameworkUrl(row.id), title: row.id }, row.name || shortId(row.id)) },
      { name: "Id", sort: "id", class: "wide", cell: (row) => h("span", { class: "dim", title: row.id }, shortId(row.id)) },
      { name: "State", sort: "state", cell: (row) => badge(row.state) },
      { name: "User", class: "wide", cell: (row) => row.user },
      { name: "Roles", cell: (row) => h("span", { class: "cut", title: row.roles.join(", ") }, row.roles.join(", ")) },
      { name: "Tasks", sort: "tasks", first: "desc", class: "figures", cell: (row) => count(row.tasks) },
      { name: "CPUs", class: "figures", cell: amountCell("cpus") },
      { name: "Memory", class: "figures", cell: amountCell("mem") },
      { name: "Registered", sort: "registered", first: "desc", class: "figures", cell: (row) => ago(row.registered_s) },
      { name: "Ended", class: "figures wide", cell: (row) => (row.unregistered_s ? ago(row.unregistered_s) : h("span", { class: "dim" }, "–")) },
    ],
    update: (rows, event) => {
      const row = event.framework && rows.get(event.framework.id);
      if (row) Object.assign(row, event.framework);
      return KINDS.has(event.type) || event.type === "task_added" || event.type === "task_updated";
    },
  });
  return h("section", null, heading("Frameworks"), table.element);
}

export function framework({ args: [id], query, signal, setTitle }) {
  setTitle(`Framework ${shortId(id)}`);
  const concerns = (event) => event.framework_id === id || event.framework?.id === id || event.task?.framework_id === id;
  const changed = () => soon();
  const found = new Resource({ path: "/page/frameworks", query: { search: id, limit: 5 }, signal, concerns, changed });
  const offers = new Resource({ path: "/offers", query: { framework_id: id, limit: 100 }, signal, concerns, everyMs: 3000, changed });
  const filters = new Resource({ path: "/page/filters", query: { framework_id: id }, signal, concerns, everyMs: 5000, changed });
  const [top, soon] = painted(signal, () => {
    const missing = waiting(found, "This framework");
    const row = found.value?.found.find((one) => one.id === id);
    if (missing || !row) return [crumbs(h("a", { href: "#/frameworks" }, "Frameworks")), heading(`Framework ${shortId(id)}`), missing ?? h("p", { class: "empty" }, "This master does not know the framework, or not any more. Only the last ended ones are remembered.")];
    learnFramework(row);
    setTitle(row.name);
    const isOver = row.state === "completed";
    return [
      crumbs(h("a", { href: "#/frameworks" }, "Frameworks")),
      heading(row.name || shortId(id), badge(row.state), h("span", { class: "actions" },
        safeUrl(row.webui_url) && h("a", { class: "button", href: safeUrl(row.webui_url), rel: "noopener noreferrer", target: "_blank" }, "Its own page"),
        !isOver && h("a", { class: "button", href: whyUrl(id, row.roles[0]) }, "Why is my task not running?"),
        !isOver && h("button", { type: "button", class: "danger", onclick: () => tearDown(row) }, "Tear down …"))),
      facts(["Id", h("code", null, row.id)], ["User", row.user || "–"], ["Roles", row.roles.map((role, at) => [at ? ", " : "", isOver ? role : h("a", { href: whyUrl(id, role) }, role)])], ["Registered", ago(row.registered_s)],
        ["Came back", row.reregistered_s ? ago(row.reregistered_s) : null], ["Ended", row.unregistered_s ? ago(row.unregistered_s) : null],
        ["Principal", row.principal], ["If its scheduler leaves", isOver ? null : row.failover_timeout_s ? `tasks are kept for ${duration(row.failover_timeout_s)}` : "its tasks end at once"],
        ["If an agent restarts", isOver ? null : row.checkpoint ? "its tasks go on" : "its tasks there end"], ["Used", isOver ? null : resourceLine(row.used)], ["Offered", isOver ? null : resourceLine(row.offered)], ["Capabilities", row.capabilities?.length ? row.capabilities.map((word) => word.toLowerCase().replaceAll("_", " ")).join(", ") : "none"]),
      !isOver && panel(`Offers held${offers.value ? `: ${count(offers.value.total)}` : ""}`, waiting(offers, "The offers") ?? shortTable("Offers held", offerColumns(), offers.value.offers, "It holds no offers now."),
        offers.value?.total > offers.value?.offers.length ? h("p", { class: "dim" }, `The oldest ${count(offers.value.offers.length)} are shown. `, h("a", { href: `#/offers?framework_id=${encodeURIComponent(id)}` }, "All of them")) : null),
      !isOver && panel(`Refusals in force${filters.value ? `: ${count(filters.value.total)}` : ""}`,
        h("p", { class: "dim small" }, "What the framework declined is not offered to it again for a while."),
        waiting(filters, "The refusals") ?? shortTable("Refusals in force", filterColumns(), filters.value.filters, "It has refused nothing that is still in force.")),
    ];
  });
  const table = taskTable({ query, signal, base: frameworkUrl(id), fixed: { framework_id: id }, without: ["framework"] });
  return h("section", null, top, h("section", { class: "panel" }, h("h2", null, "Tasks"), table.element));
}

/** Only links that lead to another page: an address of a framework may be anything. */
function safeUrl(text) {
  try {
    const address = new URL(text);
    return ["http:", "https:"].includes(address.protocol) ? address.href : null;
  } catch { return null; }
}

const offerColumns = () => [
  ["Agent", (o) => agentLink(o.agent_id, o.hostname)], ["Role", (o) => o.role], ["Resources", (o) => h("span", { class: "mono" }, o.resources)],
  ["Age", (o) => since(o.made_s), "figures"],
];
const filterColumns = () => [
  ["Agent", (f) => agentLink(f.agent_id)], ["Role", (f) => f.role], ["Refused", (f) => h("span", { class: "mono" }, f.resources)],
  ["Ends in", (f) => (f.left_s ? duration(f.left_s) : "with the next round"), "figures"],
];

async function tearDown(row) {
  let running = row.tasks;
  let offers = 0;
  try {
    running = (await get("/page/tasks", { framework_id: row.id, list: "tasks", limit: 0 })).total;
    offers = (await get("/offers", { framework_id: row.id, limit: 0 })).total;
  } catch { /* the figures of the list have to do */ }
  const yes = await confirmLoss(`Tear down ${row.name}?`, [
    running ? `${plural(running, "task")} of it that ${running === 1 ? "has" : "have"} not ended will be killed, with ${resourceLine(row.used)} in use.` : "None of its tasks runs now.",
    `Its executors end, ${offers ? `${plural(offers, "offer")} it holds ${offers === 1 ? "is" : "are"} withdrawn, and` : "and"} its scheduler is told to stop.`,
    `The framework ${row.id} cannot come back under this id.`,
  ], `Tear down ${row.name}`);
  if (!yes) return;
  try {
    await post("/teardown", { frameworkId: row.id });
    toast(`${row.name} was torn down.`);
  } catch (fault) { toast(`${row.name} was not torn down: ${fault.message}`, "bad"); }
}
