// The cluster at a glance: what there is, who has it, how that changed, what happened lately.
import { shareBars, timeChart } from "./charts.js";
import { h } from "./dom.js";
import { GROUPS, LABELS, RESOURCES, TASK_STATES, ago, amount, badge, clock, count, duration, percent, plural, setClock, since, stateWord } from "./format.js";
import { Resource, live } from "./live.js";
import { agentName, frameworkName } from "./names.js";
import { agentLink, bar, command, frameworkLink, frameworkUrl, heading, painted, panel, taskUrl, waiting } from "./parts.js";
import { reasonWords } from "./words.js";

const KEPT = 720;
const LATELY = 12;
const TONES = ["s1", "s2", "s3", "s4", "s5", "s6"];
let shownResource = "cpus";
let shownPicture = "resources";

export function overview({ signal, setTitle }) {
  setTitle("Overview");
  const lately = [];
  let samples = [];
  const [root, soon] = painted(signal, () => paint());
  const any = () => true;
  const now = new Resource({ path: "/page/now", signal, concerns: any, everyMs: 5000, changed: () => {
    if (now.value) { setClock(now.value.at_s); addSample(now.value); }
    soon();
  } });
  const history = new Resource({ path: "/page/history", signal, changed: () => { if (history.value) samples = history.value.samples; soon(); } });
  const roles = new Resource({ path: "/page/roles", signal, concerns: any, everyMs: 5000, gapMs: 2000, changed: soon });
  const recent = new Resource({ path: "/page/tasks", query: { sort: "updated", order: "desc", limit: LATELY }, signal, gapMs: 60000, changed: () => {
    if (recent.value && !lately.length) lately.push(...recent.value.found.map(asEvent));
    soon();
  } });
  live.on((events) => {
    if (events === null) { history.soon(); return; }
    for (const event of events.slice(-LATELY)) lately.unshift({ ...event, seen_s: Date.now() / 1000 });
    lately.length = Math.min(lately.length, LATELY);
    soon();
  }, signal);
  addEventListener("resize", soon, { signal });

  /** Between the samples of the master the page adds its own, so that the picture moves. */
  function addSample({ at_s, overview: seen, ended }) {
    if (samples.length && at_s - samples.at(-1).at_s < 4) return;
    const shares = Object.fromEntries((roles.value?.roles ?? []).filter((role) => role.sharing).map((role) => [role.name, role.sharing.share]));
    samples = [...samples.slice(1 - KEPT), { at_s, total: seen.total, used: seen.used, offered: seen.offered, tasks: seen.tasks, ended, agents: seen.agents, shares }];
  }

  function paint() {
    const missing = waiting(now, "The overview");
    if (missing) return [heading("Overview"), missing];
    const { overview: seen, ended, master } = now.value;
    return [
      heading("Overview", h("p", { class: "dim" }, "Master ", h("b", null, `${master.hostname || ""} ${master.address}`.trim()), ", up ", since(master.started_s),
        `, version ${master.version}, event loop at most ${duration(master.lag_max_s)} late in the last minute`)),
      h("div", { class: "tiles" }, RESOURCES.filter((name) => name !== "gpus" || seen.total.gpus).map((name) => resourceTile(name, seen))),
      panel(null, picture()),
      h("div", { class: "columns" },
        panel("Agents", agentCounts(seen.agents)),
        panel("Tasks", taskCounts(seen.tasks, ended)),
        panel("Frameworks", frameworkCounts(seen.frameworks, seen.offers))),
      h("div", { class: "columns two" }, panel("Who has what", sharesNow(roles)), panel("What changed lately", changes(lately, recent))),
    ];
  }

  function picture() {
    const pick = (kind, value, text) => h("button", { type: "button", "aria-pressed": String(kind === "resources" ? shownPicture === kind && shownResource === value : shownPicture === kind), onclick: () => { shownPicture = kind; if (value) shownResource = value; soon(); } }, text);
    const width = Math.max(320, Math.min(1320, root.clientWidth - 34));
    return h("div", null,
      h("div", { class: "segments", role: "group", "aria-label": "What the picture shows" },
        RESOURCES.filter((name) => name !== "gpus" || now.value.overview.total.gpus).map((name) => pick("resources", name, LABELS[name])),
        pick("tasks", null, "Tasks"), pick("shares", null, "Shares")),
      samples.length < 2 ? h("p", { class: "empty" }, "The picture begins with the next sample, in a few seconds.") : chart(samples, width));
  }
  return root;
}

function asEvent(task) {
  return { type: "task_updated", framework_id: task.framework_id, task_id: task.id, agent_id: task.agent_id, state: task.state, reason: task.reason, at_s: task.updated_s };
}

function resourceTile(name, { total, used, offered }) {
  const [all, u, o] = [total, used, offered].map((part) => part[name] ?? 0);
  return h("section", { class: "tile", "aria-label": LABELS[name] },
    h("h2", null, LABELS[name]),
    h("p", { class: "big" }, all ? percent(u / all) : "–", h("span", { class: "dim" }, all ? " used" : " there is none")),
    bar(name, u, o, all),
    h("dl", { class: "figures4" }, [["used", u], ["offered", o], ["idle", Math.max(0, all - u - o)], ["total", all]].map(([word, value]) =>
      h("div", null, h("dt", null, h("span", { class: `swatch ${word}` }), word), h("dd", null, amount(name, value))))));
}

function chart(samples, width) {
  const times = samples.map((sample) => sample.at_s);
  const minutes = Math.max(1, Math.round((times.at(-1) - times[0]) / 60));
  if (shownPicture === "tasks") {
    const group = (names) => samples.map((sample) => names.reduce((sum, state) => sum + (sample.tasks[state] ?? 0), 0));
    return timeChart({ times, width, text: count, label: `Active tasks in the last ${plural(minutes, "minute")}`, series: [
      { name: "running", tone: "s1", isArea: true, values: group(GROUPS.running) }, { name: "waiting", tone: "s2", isArea: true, values: group(GROUPS.waiting) }] });
  }
  if (shownPicture === "shares") {
    const last = samples.at(-1).shares;
    const names = Object.keys(last).sort((a, b) => last[b] - last[a]).slice(0, TONES.length);
    if (!names.length) return h("p", { class: "empty" }, "No role has a share yet: shares begin with the first framework.");
    return timeChart({ times, width, text: percent, label: `Dominant shares of roles in the last ${plural(minutes, "minute")}`,
      series: names.map((name, at) => ({ name, tone: TONES[at], values: samples.map((sample) => sample.shares[name] ?? null) })) });
  }
  const of = (part) => samples.map((sample) => sample[part][shownResource] ?? 0);
  return timeChart({ times, width, text: (value) => amount(shownResource, value), limit: of("total"),
    label: `${LABELS[shownResource]} used and offered in the last ${plural(minutes, "minute")}`,
    series: [{ name: "used", tone: "used", isArea: true, values: of("used") }, { name: "offered", tone: "offered", isArea: true, values: of("offered") }] });
}

const counted = (rows) => h("ul", { class: "counts" }, rows.map(([what, n, href]) => h("li", { class: n ? null : "zero" }, href && n ? h("a", { href }, what) : h("span", null, what), h("b", null, count(n)))));

function agentCounts(agents) {
  return counted([[badge("connected"), agents.connected, "#/agents?state=connected"], [badge("disconnected"), agents.disconnected, "#/agents?state=disconnected"],
    [badge("unreachable"), agents.unreachable, "#/agents?state=unreachable"], [badge("draining"), agents.draining ?? 0], [badge("gone"), agents.gone, "#/agents?state=gone"]]);
}

function taskCounts(active, ended) {
  const all = { ...active, ...ended };
  const shown = ["TASK_RUNNING", "TASK_STAGING", "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST"];
  const names = [...shown, ...Object.keys(TASK_STATES).filter((state) => !shown.includes(state) && all[state])];
  return [counted(names.map((state) => [badge(state), Math.max(all[state] ?? 0, 0), `#/tasks?state=${state}`])), h("p", { class: "dim small" }, "Ended ones are counted since this master began.")];
}

function frameworkCounts(frameworks, offers) {
  return counted([[badge("active"), frameworks.connected ?? 0, "#/frameworks?state=active"], [badge("inactive"), frameworks.disconnected ?? 0, "#/frameworks?state=inactive"],
    [badge("recovered"), frameworks.recovered ?? 0, "#/frameworks?state=recovered"], [badge("completed"), frameworks.completed ?? 0, "#/frameworks?state=completed"],
    ["offers outstanding", offers, "#/offers"]]);
}

function sharesNow(roles) {
  const missing = waiting(roles, "The shares");
  if (missing) return missing;
  const rows = [];
  const known = roles.value.roles.filter((role) => role.sharing).sort((a, b) => b.sharing.share - a.sharing.share);
  for (const { name, weight, sharing } of known.slice(0, 12)) {
    rows.push({ label: name, share: sharing.share, text: percent(sharing.share), href: "#/roles", note: [sharing.dominant, weight !== 1 && `weight ${weight}`].filter(Boolean).join(", ") });
    for (const one of [...sharing.frameworks].sort((a, b) => b.share - a.share).slice(0, 5)) {
      rows.push({ label: one.name, share: one.share, text: percent(one.share), href: frameworkUrl(one.id), note: one.dominant ?? "", depth: 1 });
    }
  }
  if (!rows.length) return h("p", { class: "empty" }, "No framework is here yet. Start one, or run ", command(`mesos-execute --master=${location.host} --name=hello --command='echo hello'`));
  return [h("p", { class: "dim small" }, "The dominant share: the largest part of any one resource that a role or framework holds."), shareBars(rows, "Dominant shares of roles and frameworks")];
}

function changes(lately, recent) {
  if (!lately.length) return waiting(recent, "The changes") ?? h("p", { class: "empty" }, "Nothing has happened yet.");
  return h("ol", { class: "changes" }, lately.map((event) => h("li", null, h("span", { class: "when dim" }, clock(event.at_s ?? event.seen_s)), " ", told(event))));
}

function told(event) {
  switch (event.type) {
    case "task_added": return [badge("TASK_STAGING"), " task ", taskLink(event.task.framework_id, event.task.id), " on ", agentLink(event.task.agent_id)];
    case "task_updated": return [badge(event.state), " task ", taskLink(event.framework_id, event.task_id), " of ", frameworkLink(event.framework_id),
      event.reason && event.state !== "TASK_RUNNING" ? h("span", { class: "dim why" }, `: ${reasonWords(event.reason)}`) : null];
    case "agent_added": return [badge("connected"), " agent ", agentLink(event.agent.id, event.agent.hostname), " registered"];
    case "agent_updated": return [badge(event.agent.state), " agent ", agentLink(event.agent.id, event.agent.hostname)];
    case "agent_removed": return [badge(event.why === "left" ? "gone" : event.why), " agent ", agentLink(event.agent_id), event.why === "left" ? " left" : ""];
    case "framework_added": return [badge(event.framework.state), " framework ", frameworkLink(event.framework.id, event.framework.name), " subscribed"];
    case "framework_updated": return [badge(event.framework.state), " framework ", frameworkLink(event.framework.id, event.framework.name)];
    case "framework_removed": return [badge("completed"), " framework ", frameworkLink(event.framework_id, frameworkName(event.framework_id)), " ended"];
    default: return event.type;
  }
}
const taskLink = (frameworkId, id) => h("a", { href: taskUrl(frameworkId, id) }, id);
