// The board: keeps the page current, rings for what is new, and says when it cannot.

import { Alarm } from "./alarm.js";
import { putCard, putTasks, removeCard, Sweep } from "./cards.js";
import { setServerTime, tick } from "./clock.js";
import { sendFormsFrom } from "./forms.js";
import { Link } from "./live.js";

const page = document.body;
const list = document.getElementById("incidents");
const alarm = new Alarm();
const sweep = new Sweep();
const title = document.title;

const typing = () => document.activeElement?.matches("textarea, input:not([type=hidden])");

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
  const reds = count();
  const fresh = alarm.follow(reds.map((card) => card.dataset.page));
  tick();
  if (!fresh.length) return;
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

function say(state) {
  if (page.dataset.link === state) return;
  page.dataset.link = state;
  document.getElementById("lost").hidden = state !== "lost";
  document.getElementById("ended").hidden = state !== "ended";
  const chip = document.getElementById("link");
  chip.textContent = state === "live" ? chip.dataset.live : chip.dataset.connecting;
  alarm.lost(state !== "live");
}

function hear({ now, problems }) {
  setServerTime(now);
  document.getElementById("store").hidden = !problems.includes("store");
  const parts = problems.filter((problem) => problem !== "store");
  const stopped = document.getElementById("stopped");
  stopped.hidden = parts.length === 0;
  stopped.querySelector("[data-parts]").textContent = parts.join(", ");
  if (page.dataset.link === "live") alarm.lost(problems.length > 0);
}

// The sound was heard: from now on this worker counts as being there.
async function confirmShift() {
  const form = document.getElementById("shift");
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(8000),
    });
    if (answer.status === 401) return link.end();
    if (!answer.ok) throw new Error(answer.statusText);
  } catch {
    page.dataset.sound = "off"; // the strip comes back, to be pressed again
    document.getElementById("notice").textContent = page.dataset.unsent;
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
  ping: hear,
};

const link = new Link(page.dataset.after, handlers, say);

document.getElementById("start").addEventListener("click", async () => {
  await alarm.start();
  page.dataset.sound = "on";
  await confirmShift();
});
document.getElementById("new-red").addEventListener("click", () => {
  document.getElementById("new-red").hidden = true;
});

sendFormsFrom(document, { list, ended: () => link.end(), changed });
setServerTime(Number(page.dataset.now));
setInterval(tick, 500);
changed();
link.start();
