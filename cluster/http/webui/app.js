// The frame of the page: which view an address shows, the navigation, the connection, light and dark.
import { get } from "./api.js";
import { h } from "./dom.js";
import { clock, keepTimes } from "./format.js";
import { live } from "./live.js";
import { startNames } from "./names.js";
import { actors } from "./actors.js";
import { agent, agents } from "./agents.js";
import { framework, frameworks } from "./frameworks.js";
import { overview } from "./overview.js";
import { heading } from "./parts.js";
import { log, sandbox } from "./sandbox.js";
import { offers, roles, why } from "./sharing.js";
import { task, tasks } from "./tasks.js";

const VIEWS = [["", "Overview"], ["agents", "Agents"], ["frameworks", "Frameworks"], ["tasks", "Tasks"],
  ["roles", "Roles"], ["offers", "Offers"], ["why", "Why not?"], ["actors", "Actors"]];

/** Addresses: `#/agents/<id>/files?path=…`; parts are encoded. */
const ROUTES = [
  [/^$/, overview], [/^agents$/, agents], [/^agents\/([^/]+)$/, agent],
  [/^agents\/([^/]+)\/files$/, sandbox], [/^agents\/([^/]+)\/log$/, log],
  [/^frameworks$/, frameworks], [/^frameworks\/([^/]+)$/, framework], [/^frameworks\/([^/]+)\/tasks\/([^/]+)$/, task],
  [/^tasks$/, tasks], [/^roles$/, roles], [/^offers$/, offers], [/^why$/, why], [/^actors$/, actors],
];

const main = document.getElementById("main");
let leaving = null;
let shownPath = null;

function decoded(part) { try { return decodeURIComponent(part); } catch { return part; } }

function show() {
  const hash = location.hash.replace(/^#\/?/, "");
  if (hash === "main") return;
  const [path, queryText] = hash.split("?", 2);
  leaving?.abort();
  leaving = new AbortController();
  const query = Object.fromEntries(new URLSearchParams(queryText ?? ""));
  let view = null;
  for (const [pattern, make] of ROUTES) {
    const match = pattern.exec(path.replace(/\/$/, ""));
    if (match) { view = make({ args: match.slice(1).map(decoded), query, signal: leaving.signal, setTitle }); break; }
  }
  view ??= notFound();
  main.replaceChildren(view);
  markNav(/\/tasks\//.test(path) ? "tasks" : path.split("/")[0]);
  if (shownPath !== null && shownPath !== path) { scrollTo(0, 0); main.focus({ preventScroll: true }); }
  shownPath = path;
}

function notFound() {
  setTitle("Nothing here");
  return h("section", null, heading("There is nothing here"),
    h("p", { class: "empty" }, "This address belongs to no view. ", h("a", { href: "#/" }, "Go to the overview"), "."));
}

function setTitle(text) { document.title = text ? `${text} · tepui` : "tepui"; }

function markNav(first) {
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.view === first) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const nav = document.getElementById("nav");
  const link = nav.querySelector("[aria-current]");
  if (link) nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2; // on narrow screens
}

// -- the connection ---------------------------------------------------------------------------------

const status = document.getElementById("live");
const banner = document.getElementById("banner");
const NOTE_MS = 10000; // how long something is said that is over
let lastMaster = null;

function showConnection() {
  status.className = `live ${live.state}`;
  status.textContent = { live: "Live", connecting: "Connecting …", lost: "Not connected", paused: "Paused" }[live.state];
  if (live.state === "lost") {
    showBanner(`The master at ${location.host} has not answered since ${clock(live.lostAt / 1000)}. This is the last picture; the page comes back by itself.`);
    findLeader();
  } else if (live.state === "live") banner.hidden = true;
}

function showBanner(...content) {
  banner.replaceChildren(...content);
  banner.hidden = false;
}

/** A master that does not lead any more says who does. */
async function findLeader() {
  try {
    const leader = await get("/page/leader");
    if (leader.is_here) return;
    const address = `//${leader.address}/${location.hash}`;
    showBanner("Another master leads now: ", h("a", { href: address }, leader.address), ". Taking you there …");
    location.replace(address);
  } catch { /* it is not there: the banner says so already */ }
}

/** Notice a master that was restarted, or changes that were missed and cannot be told any more. */
async function noteMaster(wasLost) {
  try {
    const { master } = await get("/page/now");
    const isAnother = lastMaster && lastMaster !== master.id;
    if (isAnother) showBanner("The master was restarted. Agents and frameworks are coming back; the lists fill as they do.");
    else if (wasLost) showBanner(`This page was cut off for longer than the master keeps changes for it. Everything was loaded anew at ${clock(Date.now() / 1000)}.`);
    if (isAnother || wasLost) setTimeout(() => { if (live.state === "live") banner.hidden = true; }, NOTE_MS);
    lastMaster = master.id;
  } catch { /* shown by the connection */ }
}

// -- light and dark, keys ---------------------------------------------------------------------------

const themeButton = document.getElementById("theme");
function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  const isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  themeButton.textContent = isDark ? "☀" : "☾";
  return isDark;
}
function storedTheme() { try { return localStorage.getItem("theme"); } catch { return null; } }
let isDark = setTheme(storedTheme());
themeButton.onclick = () => {
  const theme = isDark ? "light" : "dark";
  isDark = setTheme(theme);
  try { localStorage.setItem("theme", theme); } catch { /* it is not kept then */ }
};

const findText = document.getElementById("find-text");
document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = `#/tasks?${new URLSearchParams({ search: findText.value })}`;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select, dialog")) return;
  event.preventDefault();
  (main.querySelector("input[type=search]") ?? findText).focus();
});
document.getElementById("skip").onclick = (event) => { event.preventDefault(); main.focus(); };

// -- begin ------------------------------------------------------------------------------------------

document.getElementById("nav").append(h("ul", null,
  VIEWS.map(([path, name]) => h("li", null, h("a", { href: `#/${path}`, "data-view": path }, name)))));
live.addEventListener("state", showConnection);
live.start();
keepTimes();
await live.begun(); // what is loaded from now on misses nothing that happens
showConnection();
noteMaster(false);
live.addEventListener("missed", (event) => noteMaster(event.detail));
addEventListener("hashchange", show);
show();
startNames();
