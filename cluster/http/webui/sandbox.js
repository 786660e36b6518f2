// Files of an agent: directories, and a view of a text file that follows its end. Everything comes through the master.
import { get, getBytes, url } from "./api.js";
import { h, patchChildren } from "./dom.js";
import { ago, bytes, count, moment, shortId, tight } from "./format.js";
import { live } from "./live.js";
import { LogWindow } from "./logwindow.js";
import { agentName } from "./names.js";
import { agentUrl, crumbs, filesUrl, heading, logUrl, shortTable } from "./parts.js";

const BROWSE_MS = 3000;
const FOLLOW_MS = 700;
const PIECE = 1 << 18;

const fileUrl = (agent_id, path) => url("/page/files/download", { agent_id, path });

/** Why there is nothing to see, in words for people: what master and agent know, if they can be asked. */
async function goneNote(fault, agentId, path, signal) {
  if (fault.status === 0) return [h("h2", null, "The master does not answer"), h("p", null, "This page tries again by itself.")];
  if (![404, 410, 503, 504].includes(fault.status)) return [h("h2", null, "This cannot be shown"), h("p", null, fault.message)];
  let reason = { title: "The files cannot be shown", words: fault.message };
  try { reason = await get("/page/gone", { agent_id: agentId, path }, signal); } catch { /* what is known has to do */ }
  return [h("h2", null, reason.title), h("p", null, tight(reason.words)), reason.since_s && h("p", { class: "dim" }, `Since ${moment(reason.since_s)}, `, ago(reason.since_s), ".")];
}

function way(agentId, path) {
  const root = /^(.*?\/runs\/[^/]+)(\/.*)?$/.exec(path);
  const links = [h("a", { href: "#/agents" }, "Agents"), h("a", { href: agentUrl(agentId) }, agentName(agentId) ?? shortId(agentId))];
  if (!root) return crumbs(...links, h("span", null, path));
  links.push(h("a", { href: filesUrl(agentId, root[1]) }, "sandbox"));
  const parts = (root[2] ?? "").split("/").filter(Boolean);
  parts.forEach((part, at) => links.push(at === parts.length - 1 ? h("span", null, part) : h("a", { href: filesUrl(agentId, `${root[1]}/${parts.slice(0, at + 1).join("/")}`) }, part)));
  return crumbs(...links);
}

/** The way here, with the name of the host as soon as that is known. */
function wayOf(agentId, path, signal) {
  const holder = h("div", null, way(agentId, path));
  live.addEventListener("names", () => holder.replaceChildren(way(agentId, path)), { signal });
  return holder;
}

export function sandbox({ args: [agentId], query: { path = "", name }, signal, setTitle }) {
  setTitle(name ? `Files of ${name}` : "Sandbox");
  const list = h("div", null, h("p", { class: "empty" }, "Loading …"));
  const root = h("section", null, wayOf(agentId, path, signal), heading(name ? `Files of ${name}` : titleOf(path)), h("p", { class: "dim path" }, path), h("div", { class: "panel" }, list));
  let timer = 0;
  let hasShown = false;
  async function load() {
    try {
      const found = await get("/page/files/browse", { agent_id: agentId, path }, signal);
      hasShown = true;
      patchChildren(list, h("div", null, shortTable("Files", columns(), sorted(found.entries), "This directory is empty."), found.total > found.entries.length && h("p", { class: "dim" }, `${count(found.entries.length)} of ${count(found.total)} entries are shown.`)));
    } catch (fault) {
      if (signal.aborted) return;
      if (fault.status === 400 && /is not a directory/.test(fault.message)) { location.replace(logUrl(agentId, path)); return; }
      const note = h("div", { class: "gone", role: "status" }, await goneNote(fault, agentId, path, signal), hasShown && h("p", { class: "dim" }, "What follows is the last picture."));
      if (signal.aborted) return;
      if (hasShown) { list.querySelector(".gone")?.remove(); list.prepend(note); } else list.replaceChildren(note);
    }
    if (!signal.aborted) timer = setTimeout(() => (document.hidden ? (timer = setTimeout(load, BROWSE_MS)) : load()), BROWSE_MS);
  }
  signal.addEventListener("abort", () => clearTimeout(timer));
  load();
  return root;

  function columns() {
    return [
      ["Name", (f) => (f.is_directory ? h("a", { href: filesUrl(agentId, f.path) }, `${f.name}/`) : h("a", { href: logUrl(agentId, f.path) }, f.name)), "name"],
      ["Size", (f) => (f.is_directory ? h("span", { class: "dim" }, "–") : bytes(f.size)), "figures"],
      ["Changed", (f) => ago(f.mtime_s), "figures"], ["Mode", (f) => h("span", { class: "mono dim" }, f.mode), "wide"], ["Owner", (f) => f.owner, "wide"],
      ["", (f) => (f.is_directory ? null : h("a", { href: fileUrl(agentId, f.path), download: f.name, "aria-label": `Download ${f.name}` }, "download")), "figures"],
    ];
  }
}

/** The executor whose sandbox it is, or the directory in it. */
function titleOf(path) {
  const match = /\/executors\/([^/]+)\/runs\/[^/]+\/?(.*)$/.exec(path);
  return match ? match[2].split("/").pop() || `Files of ${match[1]}` : path.split("/").pop() || "Files";
}

const sorted = (entries) => [...entries].sort((a, b) => b.is_directory - a.is_directory || rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
const rank = (name) => (name === "stdout" ? 0 : name === "stderr" ? 1 : 2);

// -- one file ---------------------------------------------------------------------------------------

export function log({ args: [agentId], query: { path = "" }, signal, setTitle }) {
  const name = path.split("/").pop() || "log";
  const directory = path.slice(0, -name.length - 1);
  setTitle(name);
  const pane = h("div", { class: "log", tabindex: 0, role: "log", "aria-label": `Text of ${name}`, "aria-live": "off" });
  const window_ = new LogWindow(pane, (offset, length) => getBytes("/page/files/read", { agent_id: agentId, path, offset, length }, signal), PIECE);
  const where = h("span", { class: "dim found", role: "status" });
  const gone = h("div", { class: "gone", hidden: true, role: "status" });
  const follow = h("button", { type: "button", "aria-pressed": "true", onclick: () => window_.follow(!window_.isFollowing) }, "Follow");
  const wrap = h("button", { type: "button", "aria-pressed": "false", onclick: () => { const yes = !pane.classList.contains("wrap"); wrap.setAttribute("aria-pressed", String(yes)); window_.wrap(yes); } }, "Wrap lines");
  const other = name === "stdout" ? "stderr" : name === "stderr" ? "stdout" : null;
  const slider = h("input", { type: "range", min: 0, max: 1000, value: 1000, hidden: true, "aria-label": "Place in the file", onchange: () => window_.goTo(slider.value / 1000) });
  window_.changed = () => {
    const { start, end, size } = window_;
    follow.setAttribute("aria-pressed", String(window_.isFollowing));
    where.textContent = size ? `${start === 0 && end === size ? bytes(size) : `bytes ${count(start)} to ${count(end)} of ${bytes(size)}`}` : "The file is empty so far.";
    if (document.activeElement !== slider) slider.value = String(size ? Math.round((1000 * (window_.isFollowing ? size : window_.topOffset())) / size) : 1000);
    slider.hidden = size <= PIECE;
  };
  let timer = 0;
  async function turn() {
    try {
      if (!document.hidden) await window_.step();
      gone.hidden = true;
      pane.hidden = false;
    } catch (fault) {
      if (signal.aborted) return;
      const note = await goneNote(fault, agentId, path, signal);
      if (signal.aborted) return;
      patchChildren(gone, h("div", null, note, window_.size ? h("p", { class: "dim" }, "What was read before is below.") : null));
      gone.hidden = false;
      pane.hidden = !window_.size; // nothing was read that could be below
    }
    if (!signal.aborted) timer = setTimeout(turn, FOLLOW_MS);
  }
  signal.addEventListener("abort", () => { clearTimeout(timer); window_.close(); });
  turn();
  return h("section", { class: "logview" }, wayOf(agentId, path, signal),
    heading(name, h("span", { class: "actions" }, other && h("a", { class: "button", href: logUrl(agentId, `${directory}/${other}`) }, other), h("a", { class: "button", href: filesUrl(agentId, directory) }, "All files"), h("a", { class: "button", href: fileUrl(agentId, path), download: name }, "Download"))),
    h("div", { class: "controls" }, h("div", { class: "segments" }, h("button", { type: "button", onclick: () => window_.goTo(0) }, "Start"), h("button", { type: "button", onclick: () => window_.follow(true) }, "End"), follow, wrap), slider, where),
    gone, pane);
}
