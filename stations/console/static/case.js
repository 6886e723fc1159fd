// The incident's and the elder's page: forms are sent in place, and parts that changed are put in.
// The stream itself, the sound and the bars are desk.js's.

import { putPart } from "./cards.js";
import { setServerTime, tick } from "./clock.js";
import { sendFormsFrom } from "./forms.js";

const page = document.body;
const EVERY = 60_000; // what readings say; everything else comes when it happens
const ANSWER_WITHIN = 8000;

let asking = false;
let again = false;
let shown = Number(page.dataset.revision ?? NaN); // of the incident that the page tells

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(page.dataset.parts, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    if (answer.ok)
      for (const [id, html] of Object.entries((await answer.json()).parts)) put(id, html);
  } catch {
    // the bar at the top says that the connection is lost; the next event or minute asks again
  }
  asking = false;
  tick();
  if (again) {
    again = false;
    refresh();
  }
}

// What has not changed stays: nobody's place in a table moves for nothing.
const last = new Map();

function put(id, html) {
  if (last.get(id) === html) return;
  last.set(id, html);
  putPart(id, html);
}

document.addEventListener("incident", ({ detail }) => {
  if (detail.revision !== shown) refresh();
  shown = detail.revision;
});

sendFormsFrom(document, {
  list: null,
  ended: () => location.assign("/login"),
  changed: refresh,
});
setServerTime(Number(page.dataset.now));
tick();
setInterval(refresh, EVERY);
