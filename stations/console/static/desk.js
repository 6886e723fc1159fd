// A page beside the board: rings for a new red, and leads to it.

import { tick } from "./clock.js";
import { note, watch } from "./watch.js";

const strip = document.getElementById("new-red");

// `calls`: what asks this worker for an answer, wherever they look.
const about = document.body.dataset.incident; // the one incident that the page is about
const url = about ? `/events?watch=1&incident=${encodeURIComponent(about)}` : "/events?watch=1";

const { alarm, link } = watch(url, {
  calls: ({ calls }) => {
    const reds = calls.filter((call) => call.severity === "red");
    const fresh = alarm.follow(reds.map((call) => call.page));
    const others = reds.filter((call) => call.id !== about);
    strip.hidden = others.length === 0;
    if (others.length) strip.querySelector("a").href = `/#incident-${others[0].id}`;
    if (fresh.length) note(strip);
  },
  incident: (news) => document.dispatchEvent(new CustomEvent("incident", { detail: news })),
});

setInterval(tick, 500);
link.start();
