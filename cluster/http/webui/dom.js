// Elements from plain calls, and a patcher that changes a page into another without losing focus,
// selection or scroll. Text is only ever set as text: nothing here parses markup.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "g", "line", "rect", "text", "circle", "polyline", "title", "defs", "pattern", "clipPath"]);

/** An element: attributes, `on…` handlers, `style` as an object (set as properties, which the policy allows). */
export function h(tag, attributes, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element[name] = value;
    else if (name === "style") for (const [property, v] of Object.entries(value)) element.style.setProperty(property, v);
    else if (name === "value") { element.value = value; element.setAttribute("value", value); }
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

const HANDLERS = ["onclick", "onchange", "oninput", "onsubmit", "onkeydown", "onpointermove", "onpointerleave"];

/** Make `old` like `fresh`. An element with `data-keep` is left as it is when the other has the same mark. */
export function patch(old, fresh) {
  if (old.dataset?.keep !== undefined && old.dataset.keep === fresh.dataset?.keep) return old;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) === value) continue;
    if (name === "style") old.style.cssText = value; // as an attribute the policy would refuse it
    else old.setAttribute(name, value);
  }
  for (const name of HANDLERS) if (old[name] !== fresh[name]) old[name] = fresh[name];
  if (fresh instanceof HTMLSelectElement || fresh instanceof HTMLInputElement) {
    const { value } = fresh; // its options move to the old one
    patchChildren(old, fresh);
    if (old !== document.activeElement && old.value !== value) old.value = value;
    return old;
  }
  patchChildren(old, fresh);
  return old;
}

/** Make the children of `old` like those of `fresh`, which is used up. */
export function patchChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  let at = old.firstChild;
  for (const node of wanted) {
    if (!at) { old.append(node); continue; }
    const next = at.nextSibling;
    if (isAlike(at, node)) {
      if (at.nodeType === Node.TEXT_NODE) { if (at.data !== node.data) at.data = node.data; }
      else patch(at, node);
    } else at.replaceWith(node);
    at = next;
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

function isAlike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName
    && (one.dataset?.keep ?? null) === (other.dataset?.keep ?? null);
}

/** Show something for a moment, read aloud by screen readers. */
export function toast(text, tone = "") {
  const note = h("div", { class: `toast ${tone}` }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

/** Ask before something is lost. `losses` are sentences. Resolves to whether it is wanted. */
export function confirmLoss(title, losses, action) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "confirm-title" },
      h("h2", { id: "confirm-title" }, title),
      h("ul", { class: "losses" }, losses.map((text) => h("li", null, text))),
      h("form", { method: "dialog", class: "choices" },
        h("button", { value: "no", autofocus: true }, "Keep it"),
        h("button", { value: "yes", class: "danger" }, action)));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
