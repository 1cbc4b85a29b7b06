// Small words for the page's own elements. Text is always text: nothing here makes HTML of a string.

export const $ = (id) => document.getElementById(id);

/** An element with properties, and children that are elements or text. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** One of the icons at the top of index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  svg.firstChild.setAttribute("href", `#i-${name}`);
  return svg;
}

export function setIcon(button, name) {
  button.querySelector("use").setAttribute("href", `#i-${name}`);
}

/** Show what is wrong with an input in the place for it, and go there. */
export function showFault(input, place, text) {
  place.textContent = text;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

/** Take back what was said of the inputs in an element. */
export function clearFaults(element) {
  for (const place of element.querySelectorAll(".error")) place.textContent = "";
  for (const input of element.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** A short message that goes by itself, with at most one thing to do. */
export function toast(text, action, run) {
  const box = make("div", { className: "toast" }, make("span", {}, text));
  const timer = setTimeout(() => box.remove(), action ? 8000 : 4000);
  if (action) {
    box.append(make("button", { type: "button", onclick: () => { clearTimeout(timer); box.remove(); run(); } }, action));
  }
  $("toasts").append(box);
}

/** A message that stays until it is dealt with. */
export function notice(title, text, { action, run, isCalm = false } = {}) {
  const box = make("div", { className: isCalm ? "notice calm" : "notice" }, make("p", {}, make("b", {}, title), text));
  if (action) box.append(make("button", { type: "button", onclick: () => { hideNotice(); run(); } }, action));
  box.append(make("button", { type: "button", className: "icon", "aria-label": "Dismiss", onclick: hideNotice }, icon("close")));
  $("alert").replaceChildren(box);
}

export function hideNotice() {
  $("alert").replaceChildren();
}
