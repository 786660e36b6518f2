// Pieces that several views are made of.
import { h, patchChildren } from "./dom.js";
import { LABELS, RESOURCES, amount, percent, portsLine, shortId } from "./format.js";
import { live } from "./live.js";
import { agentName, frameworkName } from "./names.js";

const e = encodeURIComponent;
export const agentUrl = (id) => `#/agents/${e(id)}`;
export const frameworkUrl = (id) => `#/frameworks/${e(id)}`;
export const taskUrl = (frameworkId, id) => `#/frameworks/${e(frameworkId)}/tasks/${e(id)}`;
export const filesUrl = (agentId, path, name) => `#/agents/${e(agentId)}/files?${new URLSearchParams({ path, ...(name && { name }) })}`;
export const logUrl = (agentId, path) => `#/agents/${e(agentId)}/log?${new URLSearchParams({ path })}`;
export const whyUrl = (frameworkId, role) => `#/why?${new URLSearchParams({ ...(frameworkId && { framework: frameworkId }), ...(role && { role }) })}`;

export const agentLink = (id, hostname) => {
  if (!id) return "–";
  const host = hostname ?? agentName(id);
  return h("a", { href: agentUrl(id), title: id }, host ? `${host} ` : "", h("span", { class: "dim" }, shortId(id).replace(/^…-/, host ? "" : "…-")));
};
export const frameworkLink = (id, name) => (id ? h("a", { href: frameworkUrl(id), title: id }, (name ?? frameworkName(id)) || shortId(id)) : "–");

/** A bar of what is used and offered of a total. */
export function bar(name, used, offered, total) {
  const part = (value) => `${total > 0 ? Math.min(100, (100 * value) / total) : 0}%`;
  const words = total > 0
    ? `${LABELS[name] ?? name}: ${amount(name, used)} used${offered ? `, ${amount(name, offered)} offered` : ""} of ${amount(name, total)}`
    : `${LABELS[name] ?? name}: none`;
  return h("span", { class: "bar", role: "img", "aria-label": words, title: words },
    h("span", { class: "used", style: { width: part(used) } }), h("span", { class: "offered", style: { width: part(offered) } }));
}

/** A bar with the used part in words beside it, for tables. */
export function barCell(name, one) {
  const total = one.total?.[name] ?? 0;
  if (!total) return h("span", { class: "dim" }, "–");
  return h("span", { class: "barcell" }, bar(name, one.used?.[name] ?? 0, one.offered?.[name] ?? 0, total),
    h("span", { class: "figure" }, percent((one.used?.[name] ?? 0) / total), h("span", { class: "dim" }, ` of ${amount(name, total)}`)));
}

/** Terms and what they are; what is null is left out. */
export function facts(...pairs) {
  return h("dl", { class: "facts" }, pairs.filter((pair) => pair && pair[1] !== null && pair[1] !== undefined && pair[1] !== "")
    .map(([term, ...what]) => h("div", null, h("dt", null, term), h("dd", null, what))));
}

/** Figures of all resources: total, used, offered, idle. */
export function resourceTable(total, used, offered) {
  const names = [...new Set([...RESOURCES, ...Object.keys(total ?? {})])].filter((name) => total?.[name]);
  return h("div", { class: "sideways", tabindex: 0, role: "group", "aria-label": "Resources" }, h("table", { class: "short amounts" },
    h("thead", null, h("tr", null, ["Resource", "Use", "Used", "Offered", "Idle", "Total"].map((text, at) => h("th", { scope: "col", class: at > 1 ? "figures" : null }, text)))),
    h("tbody", null, names.map((name) => {
      const all = total[name];
      if (typeof all === "string") return h("tr", null, h("th", { scope: "row" }, LABELS[name] ?? name), h("td", { class: "widebar" }), [used?.[name], offered?.[name]].map((some) => h("td", { class: "figures" }, some ? portsLine(some) : "none")), h("td", { class: "figures dim" }, "–"), h("td", { class: "figures" }, portsLine(all)));
      const u = used?.[name] ?? 0;
      const o = offered?.[name] ?? 0;
      return h("tr", null, h("th", { scope: "row" }, LABELS[name] ?? name), h("td", { class: "widebar" }, bar(name, u, o, all)),
        [u, o, Math.max(0, all - u - o), all].map((value) => h("td", { class: "figures" }, amount(name, value))));
    }))));
}

/** A short table of rows that are all there. `columns`: [title, cell, class]. */
export function shortTable(label, columns, rows, empty) {
  if (!rows.length) return h("p", { class: "empty" }, empty);
  return h("div", { class: "sideways", tabindex: 0, role: "group", "aria-label": label }, h("table", { class: "short", "aria-label": label },
    h("thead", null, h("tr", null, columns.map(([title, , kind]) => h("th", { scope: "col", class: kind }, title)))),
    h("tbody", null, rows.map((row) => h("tr", null, columns.map(([, cell, kind]) => h("td", { class: kind }, cell(row))))))));
}

/** A command to type, of which no word is broken. */
export const command = (text) => h("code", { class: "command" }, text.split(" ").map((word, at) => [at ? " " : "", h("span", { class: "plain" }, word)]));

export const panel = (title, ...content) => h("section", { class: "panel" }, title && h("h2", null, title), content);
export const heading = (title, ...aside) => h("div", { class: "heading" }, h("h1", null, title), aside);
export const crumbs = (...links) => h("nav", { class: "crumbs", "aria-label": "Where this is" }, links.flatMap((link, at) => (at ? [h("span", { "aria-hidden": "true" }, "/"), link] : [link])));

/** A view that is painted anew whenever something it shows changed, at most once a frame. */
export function painted(signal, paint) {
  const root = h("div", { class: "view" });
  let isDue = false;
  const paintNow = () => { isDue = false; if (!signal.aborted) patchChildren(root, h("div", null, paint())); };
  const soon = () => { if (!isDue) { isDue = true; requestAnimationFrame(paintNow); } };
  live.addEventListener("names", soon, { signal });
  queueMicrotask(paintNow);
  return [root, soon];
}

const sentence = (words) => words.replace(/[^.!?…]$/, "$&.");

/** The words for something that is not there yet, or failed; null when its value can be shown. */
export function waiting(resource, what) {
  if (resource.value !== null) return null;
  return resource.fault ? h("p", { class: "empty fault" }, `${what} could not be loaded: ${sentence(resource.fault.message)}`) : h("p", { class: "empty" }, "Loading …");
}
