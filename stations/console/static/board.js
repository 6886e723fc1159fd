// The board: keeps the page current, rings for what is new, and says when it cannot.

import { putCard, putTasks, removeCard, Sweep } from "./cards.js";
import { setServerTime, tick } from "./clock.js";
import { filter, followFilters } from "./filters.js";
import { sendFormsFrom } from "./forms.js";
import { onKeys, typing } from "./frame.js";
import { note, watch } from "./watch.js";

const page = document.body;
const list = document.getElementById("incidents");
const sweep = new Sweep();
const title = document.title;

function count() {
  const cards = [...list.children];
  const waiting = cards.filter((card) => card.dataset.page);
  const of = (severity) =>
    cards.filter((card) => card.dataset.severity === severity && !("test" in card.dataset)).length;
  for (const severity of ["red", "orange"])
    document.querySelector(`[data-count=${severity}]`).textContent = of(severity);
  const tasks = document.querySelectorAll("#tasks .task").length;
  document.querySelector("[data-count=tasks]").textContent = tasks;
  document.getElementById("empty").hidden = cards.length > 0;
  const reds = waiting.filter((card) => card.dataset.severity === "red");
  document.title = waiting.length ? `(${waiting.length}) ${title}` : title;
  return reds;
}

function changed() {
  filter(list);
  const reds = count();
  const fresh = alarm.follow(reds.map((card) => card.dataset.page));
  tick();
  if (!fresh.length) return;
  note(document.getElementById("new-red"));
  const card = reds.find((one) => fresh.includes(one.dataset.page));
  if (typing()) {
    // Somebody is writing: do not pull the pen out of their hand.
    document.getElementById("new-red").hidden = false;
    document.querySelector("#new-red a").href = `#${card.id}`;
  } else {
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "start" });
  }
}

let syncing = false; // cards arrive one by one; ring once, for the state they end in

const handlers = {
  reset: () => sweep.begin(),
  remove: ({ id }) => removeCard(id),
  card: ({ id, html }) => {
    sweep.saw(id);
    const { card, isNew } = putCard(list, html);
    if (isNew && card.dataset.severity === "orange" && card.dataset.page) syncing = true;
  },
  tasks: ({ html }) => putTasks(html),
  synced: () => {
    sweep.finish(list);
    if (syncing) alarm.chime();
    syncing = false;
    changed();
  },
};

const { alarm, link } = watch(`/events?after=${encodeURIComponent(page.dataset.after)}`, handlers);

document.getElementById("new-red").addEventListener("click", () => {
  document.getElementById("new-red").hidden = true;
});

const chosen = () => document.activeElement?.closest("article.card");

function choose(step) {
  const cards = [...list.children].filter((card) => card.checkVisibility?.() ?? true);
  const at = cards.indexOf(chosen());
  const next = cards[at < 0 ? (step > 0 ? 0 : cards.length - 1) : at + step];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "start" });
}

onKeys({
  j: () => choose(1),
  k: () => choose(-1),
  a: () => chosen()?.querySelector(".acts .primary")?.click(),
  f: () => {
    document.getElementById("filters").open = true;
    document.querySelector("#filter select").focus();
  },
  m: () => location.assign("/people"),
  c: () => chosen()?.querySelector(".closing > summary")?.click(),
});

sendFormsFrom(document, { list, ended: () => link.end(), changed });
setServerTime(Number(page.dataset.now));
setInterval(tick, 500);
followFilters(list);
changed();
link.start();
