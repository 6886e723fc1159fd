// What listens on every page: the stream, the sound, and the bars that say when neither can be
// trusted.

import { Alarm } from "./alarm.js";
import { setServerTime } from "./clock.js";
import { Link } from "./live.js";

const page = document.body;

// Opens the stream at `url`; `handlers` by event name. `alarm` rings, `link.end()` gives up.
export function watch(url, handlers) {
  const alarm = new Alarm();
  const say = (state) => {
    if (page.dataset.link === state) return;
    page.dataset.link = state;
    document.getElementById("lost").hidden = state !== "lost";
    document.getElementById("ended").hidden = state !== "ended";
    const chip = document.getElementById("link");
    chip.textContent = state === "live" ? chip.dataset.live : chip.dataset.connecting;
    alarm.lost(state !== "live");
  };
  const ping = ({ now, problems }) => {
    setServerTime(now);
    document.getElementById("store").hidden = !problems.includes("store");
    const parts = problems.filter((problem) => problem !== "store");
    const stopped = document.getElementById("stopped");
    stopped.hidden = parts.length === 0;
    stopped.querySelector("[data-parts]").textContent = parts.join(", ");
    if (page.dataset.link === "live") alarm.lost(problems.length > 0);
  };
  const link = new Link(url, { ...handlers, ping }, say);
  soundTest(alarm, link);
  return { alarm, link };
}

// A browser lets a page sound after a touch only. The shift's sound test is that; once it has been
// heard, a page that opens later sounds by itself where the browser allows it, or at any touch.
function soundTest(alarm, link) {
  const on = () => {
    if (alarm.on) page.dataset.sound = "on";
    return alarm.on;
  };
  document.getElementById("start").addEventListener("click", async () => {
    askForNotes();
    await alarm.start();
    page.dataset.sound = "on";
    await confirmShift(link);
  });
  if (!("shift" in page.dataset)) return;
  alarm.wake().then(on);
  for (const touch of ["pointerdown", "keydown"])
    document.addEventListener(touch, () => alarm.on || alarm.wake().then(on), { capture: true });
}

async function confirmShift(link) {
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
    const notice = document.getElementById("unsent");
    notice.textContent = page.dataset.unsent;
  }
}

const askForNotes = () => {
  if ("Notification" in window && Notification.permission === "default")
    Notification.requestPermission();
};

// A note of the browser's own, for a desk whose page is not in front. No place and no name: a note
// stays on lock screens and in lists that others read (I10).
export function note(strip) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  if (document.visibilityState === "visible" && document.hasFocus()) return;
  const shown = new Notification(strip.dataset.title, {
    body: strip.dataset.body,
    tag: "vigil-red",
    renotify: true,
    requireInteraction: true,
  });
  shown.addEventListener("click", () => {
    window.focus();
    shown.close();
  });
}
