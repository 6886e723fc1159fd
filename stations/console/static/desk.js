// A page beside the board: rings for a new red, and leads to it.

import { tick } from "./clock.js";
import { note, watch } from "./watch.js";

const strip = document.getElementById("new-red");

// `calls`: what asks this worker for an answer, wherever they look.
const { alarm, link } = watch("/events?watch=1", {
  calls: ({ calls }) => {
    const reds = calls.filter((call) => call.severity === "red");
    const fresh = alarm.follow(reds.map((call) => call.page));
    strip.hidden = reds.length === 0;
    if (reds.length) strip.querySelector("a").href = `/#incident-${reds[0].id}`;
    if (fresh.length) note(strip);
  },
});

setInterval(tick, 500);
link.start();
