// Puts fragments from the server into the page without losing what the worker is typing.

const made = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
};

// A field, a fold or a button is the same one in the old and the new fragment by these.
const keyOf = (element) =>
  [element.tagName, element.form?.dataset.form ?? "", element.name ?? "",
    element.type === "radio" || element.tagName === "BUTTON" ? element.value : "",
    element.dataset.part ?? ""].join("|");

function carry(old, fresh) {
  const parts = new Map();
  for (const element of fresh.querySelectorAll("[data-part], input, textarea, select, button, summary, a"))
    parts.set(keyOf(element), element);
  for (const fold of old.querySelectorAll("details[data-part]")) {
    const same = parts.get(keyOf(fold));
    if (same) same.open = fold.open;
  }
  for (const field of old.querySelectorAll("input:not([type=hidden]), textarea, select")) {
    const same = parts.get(keyOf(field));
    if (!same) continue;
    if (field.type === "radio") same.checked = field.checked;
    else same.value = field.value;
  }
  for (const said of old.querySelectorAll("[data-said]")) {
    const same = fresh.querySelector(`[data-said="${said.dataset.said}"]`);
    if (same) same.textContent = said.textContent;
  }
  return parts;
}

function swap(old, fresh) {
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const selection = active?.tagName === "TEXTAREA" && [active.selectionStart, active.selectionEnd];
  const parts = carry(old, fresh);
  old.replaceWith(fresh);
  if (!active) return;
  // Where the focused control is gone, the card keeps the focus: never a different button, which
  // a second press of Enter would trigger.
  const same = active === old ? fresh : parts.get(keyOf(active)) ?? fresh;
  same.focus({ preventScroll: true });
  if (selection && same.setSelectionRange) same.setSelectionRange(...selection);
}

function place(list, card) {
  const order = card.dataset.order;
  const after = [...list.children].find((other) => other !== card && other.dataset.order > order);
  const next = card.nextElementSibling;
  const right = card.parentElement === list && (after ?? null) === next;
  if (right) return;
  const active = card.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(card, after ?? null);
  active?.focus({ preventScroll: true });
}

// Returns the card in the page, and whether it is new there.
export function putCard(list, html) {
  const fresh = made(html);
  const old = document.getElementById(fresh.id);
  if (old) swap(old, fresh);
  place(list, fresh);
  return { card: fresh, isNew: !old };
}

export function removeCard(id) {
  const card = document.getElementById(`incident-${id}`);
  if (!card) return;
  const hadFocus = card.contains(document.activeElement);
  card.remove();
  if (hadFocus) document.getElementById("incidents")?.focus({ preventScroll: true });
}

// After a reset: the server sends every open card again, then says `synced`. Cards stay until
// then, so that nothing typed is lost and nothing flickers.
export class Sweep {
  #seen = null;

  begin() {
    this.#seen = new Set();
  }

  saw(id) {
    this.#seen?.add(id);
  }

  finish(list) {
    if (!this.#seen) return;
    for (const card of [...list.children])
      if (!this.#seen.has(card.dataset.id)) removeCard(card.dataset.id);
    this.#seen = null;
  }
}

// Any other fragment, which keeps its id.
export function putPart(id, html) {
  const old = document.getElementById(id);
  if (old) swap(old, made(html));
}

export const putTasks = (html) => putPart("tasks", html);

// Beside the form that was sent, or at the card, or at the top where the card is gone.
export function say(form, text) {
  const holder = document.getElementById(form.closest("[data-says]")?.id ?? "");
  const place =
    holder?.querySelector(`[data-said="${form.dataset.form}"]`) ??
    holder?.querySelector("[data-said]") ??
    document.getElementById("notice");
  for (const other of holder?.querySelectorAll("[data-said]") ?? []) other.textContent = "";
  document.getElementById("notice").textContent = "";
  place.textContent = text;
  if (text) place.scrollIntoView({ block: "nearest" });
}
