// Who gets what, and why not: roles, offers, and the explanation of the allocator.
import { get } from "./api.js";
import { shareBars } from "./charts.js";
import { h } from "./dom.js";
import { count, duration, percent, plural, resourceLine, nowS, since } from "./format.js";
import { Resource } from "./live.js";
import { frameworkNames } from "./names.js";
import { agentLink, frameworkLink, frameworkUrl, heading, painted, panel, shortTable, waiting, whyUrl } from "./parts.js";
import { Table } from "./table.js";
import { WHY, changeWords } from "./words.js";

const HISTORY = 60;
const OFFERS_MS = 2000;
const OLD_S = 60;
const any = () => true;

export function roles({ signal, setTitle }) {
  setTitle("Roles");
  let samples = [];
  const found = new Resource({ path: "/page/roles", signal, concerns: any, everyMs: 3000, changed: () => soon() });
  const history = new Resource({ path: "/page/history", signal, everyMs: 15000, gapMs: 5000, changed: () => { samples = history.value?.samples ?? samples; soon(); } });
  const [root, soon] = painted(signal, () => {
    const missing = waiting(found, "The roles");
    if (missing) return [heading("Roles"), missing];
    const all = found.value.roles;
    return [heading("Roles", h("span", { class: "dim" }, plural(all.length, "role"))),
      h("p", { class: "dim" }, "Offers go first to the role whose dominant share for its weight is the smallest. Indented roles count for those above them."),
      panel(null, shortTable("Roles", roleColumns(samples), all, "There are no roles yet. They begin with the first framework that subscribes to one."))];
  });
  return root;
}

const depth = (name) => name.split("/").length - 1;

function roleColumns(samples) {
  return [
    ["Role", (role) => h("span", { class: "tree", style: { "padding-left": `${depth(role.name) * 1.25}rem` } }, depth(role.name) ? h("span", { class: "dim", "aria-hidden": "true" }, "└ ") : null, h("b", { title: role.name }, role.name.split("/").at(-1)))],
    ["Order", (role) => (role.sharing ? count(role.sharing.order + 1) : dash()), "figures"],
    ["Share", (role) => (role.sharing ? h("span", { class: "barcell" }, h("span", { class: "bar", "aria-hidden": "true" }, h("span", { class: "used", style: { width: `${100 * role.sharing.share}%` } })), h("span", { class: "figure" }, percent(role.sharing.share))) : dash())],
    ["Dominant", (role) => role.sharing?.dominant ?? dash()],
    ["Last hour", (role) => sparkline(samples.map((sample) => sample.shares[role.name] ?? 0), role.name)],
    ["Weight", (role) => String(role.weight), "figures"],
    ["Quota", (role) => (role.quota ? quota(role.quota) : h("span", { class: "dim" }, "none"))],
    ["Allocated", (role) => resourceLine(role.allocated)],
    ["Offered", (role) => resourceLine(role.offered)],
    ["Frameworks", (role) => (role.sharing?.frameworks.length ? role.sharing.frameworks.map((one, at) => [at ? ", " : "", h("a", { href: whyUrl(one.id, role.name), title: `Share ${percent(one.share)}. Why not more?` }, one.name)]) : dash())],
  ];
}
const dash = () => h("span", { class: "dim" }, "–");

/** Amounts by name, zeros too: a limit of nothing is a limit. */
const bounds = (amounts) => Object.entries(amounts).map(([name, value]) => (value ? resourceLine({ [name]: value }) : `no ${name}`)).join(", ");

function quota({ guarantee, limit, consumed }) {
  const counts = (name) => name in guarantee || name in limit;
  const used = Object.fromEntries(Object.entries(consumed).filter(([name]) => counts(name)));
  const parts = [Object.keys(guarantee).length && `at least ${bounds(guarantee)}`, Object.keys(limit).length && `at most ${bounds(limit)}`].filter(Boolean);
  return [parts.join("; "), h("span", { class: "dim" }, ` (${resourceLine(used)} consumed)`)];
}

function sparkline(values, name) {
  if (values.length < 2) return dash();
  const few = values.length > HISTORY ? values.filter((_, at) => at % Math.ceil(values.length / HISTORY) === 0) : values;
  const most = Math.max(...few, 0.01);
  const points = few.map((value, at) => `${((at / (few.length - 1)) * 96 + 2).toFixed(1)},${(20 - (value / most) * 17).toFixed(1)}`).join(" ");
  return h("svg", { class: "spark", width: 100, height: 22, role: "img", "aria-label": `Share of ${name} in the last hour: at most ${percent(Math.max(...values))}` }, h("polyline", { points }));
}

// -- offers -----------------------------------------------------------------------------------------

export function offers({ query, signal, setTitle }) {
  setTitle("Offers");
  const table = new Table({
    path: "/offers", rows: "offers", label: "Outstanding offers", query, signal, hasSearch: false, everyMs: OFFERS_MS, key: (offer) => offer.id,
    words: { one: "offer outstanding", many: "offers outstanding", empty: "No offers are outstanding: everything is used, declined, or nobody wants any.", none: "No such offers are outstanding." },
    columns: [
      { name: "Framework", isHead: true, cell: (o) => frameworkLink(o.framework_id, o.framework_name) }, { name: "Role", cell: (o) => o.role },
      { name: "Agent", cell: (o) => agentLink(o.agent_id, o.hostname) }, { name: "Resources", cell: (o) => h("span", { class: "mono cut", title: o.resources, style: { "max-width": "34rem" } }, o.resources) },
      { name: "Age, oldest first", class: "figures", cell: (o) => h("span", { class: nowS() - o.made_s > OLD_S ? "old" : null }, since(o.made_s)) },
      { name: "Id", class: "wide", cell: (o) => h("span", { class: "dim", title: o.id }, `…${o.id.slice(-6)}`) },
    ],
    update: () => true, // nothing tells of offers themselves, but what happens is mostly about some
  });
  return h("section", null, heading("Offers"), table.element);
}

// -- why not ----------------------------------------------------------------------------------------

export function why({ query, signal, setTitle }) {
  setTitle("Why is my task not running?");
  let answers = null; // [{framework_id, role, value, fault}]
  const found = new Resource({ path: "/page/roles", signal, concerns: any, everyMs: 4000, gapMs: 2000, changed: () => ask() });

  async function ask() {
    if (!found.value) return soon();
    const wanted = pairs(found.value.roles, query).slice(0, 8);
    const now = await Promise.all(wanted.map(async (pair) => {
      try { return { ...pair, value: await get("/page/why", pair, signal) }; } catch (fault) { return { ...pair, fault }; }
    }));
    if (!signal.aborted) { answers = now; soon(); }
  }

  const [root, soon] = painted(signal, () => {
    const missing = waiting(found, "Frameworks and roles");
    const title = heading("Why is my task not running?");
    if (missing) return [title, missing];
    const known = found.value.roles.filter((role) => role.sharing);
    const frameworks = new Map(known.flatMap((role) => role.sharing.frameworks.map((one) => [one.id, one.name])));
    const roleNames = known.filter((role) => !query.framework || role.sharing.frameworks.some((one) => one.id === query.framework)).map((role) => role.name);
    const go = (change) => { location.hash = whyUrl(change.framework ?? query.framework, change.role ?? query.role).slice(1); };
    return [title,
      h("p", { class: "dim" }, "A task runs when its framework is offered enough on an agent. Here is how all agents look to a framework, one reason for each that was not offered."),
      h("div", { class: "controls" },
        h("label", null, h("span", null, "Framework"), h("select", { onchange: (event) => go({ framework: event.target.value, role: "" }) }, h("option", { value: "", selected: !query.framework }, "any"), [...frameworks].map(([id, name]) => h("option", { value: id, selected: id === query.framework }, name)))),
        h("label", null, h("span", null, "Role"), h("select", { onchange: (event) => go({ role: event.target.value }) }, h("option", { value: "", selected: !query.role }, "any"), roleNames.map((name) => h("option", { value: name, selected: name === query.role }, name))))),
      query.framework && !frameworks.has(query.framework) ? h("p", { class: "empty" }, "This framework is not registered, so nothing is offered to it.")
        : !frameworks.size ? h("p", { class: "empty" }, "No framework is registered, so there is nobody to offer anything to.")
          : !query.framework && !query.role ? h("p", { class: "empty" }, "Choose a framework, a role, or both.")
            : answers === null ? h("p", { class: "empty" }, "Asking the allocator …") : answers.map((answer) => explained(answer, known, answers.length))];
  });
  return root;
}

/** The frameworks and roles that are asked about. */
function pairs(all, { framework, role }) {
  const found = [];
  if (!framework && !role) return found;
  for (const one of all) {
    if (!one.sharing || (role && one.name !== role)) continue;
    for (const each of one.sharing.frameworks) if (!framework || each.id === framework) found.push({ framework_id: each.id, role: one.name });
  }
  return found;
}

function explained({ framework_id: id, role, value, fault }, known, number) {
  if (fault) return panel(null, h("p", { class: "empty fault" }, `The allocator could not be asked: ${fault.message}`));
  const order = known.find((one) => one.name === role);
  const place = order?.sharing.frameworks.find((one) => one.id === id)?.order;
  const sum = value.offered + value.withheld.reduce((total, one) => total + one.agents, 0);
  return panel(null,
    h("h2", null, frameworkLink(id, value.framework_name), h("span", { class: "dim" }, ` in role ${role}`)),
    verdict(value),
    h("p", { class: "dim" }, looked(value),
      order ? `The role's turn was number ${order.sharing.order + 1} of ${known.length}${place === null || place === undefined ? "; in it the framework does not want offers" : `, and in it the framework's was number ${place + 1}`}.` : ""),
    h("div", { class: "sideways", tabindex: 0, role: "group", "aria-label": "Reasons" }, h("table", { class: "short reasons" },
      h("thead", null, h("tr", null, ["Why", "Agents", "", "What would have to change"].map((text, at) => h("th", { scope: "col", class: at === 1 ? "figures" : null }, text || h("span", { class: "hidden" }, "Part"))))),
      h("tbody", null,
        h("tr", null, h("th", { scope: "row" }, "Offered to it"), h("td", { class: "figures" }, count(value.offered)), h("td", { class: "widebar" }, part(value.offered, value.agents, "good")), h("td", null, value.offered ? "Nothing: the framework holds these offers, or used them." : "")),
        value.withheld.map((one) => h("tr", { "data-why": one.why }, h("th", { scope: "row" }, (WHY[one.why] ?? [one.words])[0], one.never ? h("span", { class: "dim" }, one.never === one.agents ? " (never possible)" : ` (${count(one.never)} of them never possible)`) : null), h("td", { class: "figures" }, count(one.agents)), h("td", { class: "widebar" }, part(one.agents, value.agents)),
          h("td", null, changeWords(one, value, { plural, duration }))))),
      h("tfoot", null, h("tr", null, h("th", { scope: "row" }, "All agents"), h("td", { class: "figures" }, count(value.agents)), h("td", null), h("td", { class: "dim" }, sum === value.agents ? "" : `The reasons account for ${count(sum)}.`))))),
    parties("Who was ahead", "In the last round these took agents before its turn came.", "Agents they took", value.takers, id, known),
    parties("Who has the rest", "These have agents that would do, since earlier rounds.", "Agents they have", value.holders, id, known));
}

/** Frameworks that have what this one could use; `id`: the framework that is asked about. */
function parties(title, words, figure, found, id, known) {
  if (!found.length) return null;
  return [h("h3", null, title), h("p", { class: "dim small" }, words), shortTable(title, [
    ["Framework", (t) => [frameworkLink(t.framework_id, t.framework_name), t.framework_id === id ? h("span", { class: "dim" }, " (itself)") : null]], ["Role", (t) => t.role],
    ["Share", (t) => percent(known.find((one) => one.name === t.role)?.sharing.share ?? 0), "figures"], [figure, (t) => count(t.agents), "figures"]], found, "")];
}

function looked({ looked_at: seen, agents }) {
  if (seen >= agents) return `The last round looked at all ${plural(agents, "agent")}. `;
  return `The last round looked at ${seen ? `${count(seen)} of ${plural(agents, "agent")}` : "no agent"}: ${seen ? "the others" : "none"} had ${seen ? "not " : ""}changed since somebody could use ${agents === 1 ? "it" : "them"}. `;
}

function verdict(value) {
  const [tone, word, text] = !value.agents ? ["never", "No agents", "There is no agent that could be offered."]
    : value.offered ? ["offered", "Offered", `In the last round ${plural(value.offered, "agent")} of ${count(value.agents)} went to it. If its task does not run, the framework declined what it got or needs more on one agent.`]
      : !value.possible ? ["never", "Never possible", "No agent of today's cluster would do, even if all of it were free."]
        : ["notnow", "Not now", `${plural(value.possible, "agent")} of ${count(value.agents)} would do if ${value.possible === 1 ? "it were" : "they were"} entirely free.`];
  return h("p", { class: `verdict ${tone}` }, h("b", null, `${word}.`), " ", text);
}

const part = (n, all, tone = "") => h("span", { class: "bar", "aria-hidden": "true" }, h("span", { class: `used ${tone}`, style: { width: `${all ? (100 * n) / all : 0}%` } }));
