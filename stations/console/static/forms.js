// Sends actions without leaving the page. A refusal is said beside the form, which keeps its input.

import { putCard, putPart, putTasks, removeCard, say } from "./cards.js";

const AGAIN_AFTER = 900; // ms: a double tap must not press the button that took this one's place
const ANSWER_WITHIN = 8000;

const done = new Map(); // when a card was last acted on

// `list` holds the cards, null where the page brings itself up to date by `changed`.
export function sendFormsFrom(page, { list, ended, changed }) {
  page.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-live]")) return;
    event.preventDefault();
    const id = form.dataset.subject;
    if (form.ariaBusy === "true" || performance.now() - (done.get(id) ?? -1e9) < AGAIN_AFTER) return;
    form.ariaBusy = "true";
    say(form, "");
    try {
      const answer = await post(form, event.submitter);
      if (answer.status === 401) return ended();
      show(await answer.json(), form, list);
    } catch {
      say(form, document.body.dataset.unsent);
    } finally {
      form.ariaBusy = "false";
      done.set(id, performance.now());
      changed();
    }
  });
}

function post(form, submitter) {
  // `form.action` would be the button of that name.
  return fetch(form.getAttribute("action"), {
    method: "POST",
    body: new URLSearchParams(new FormData(form, submitter)),
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  });
}

function show(answer, form, list) {
  const id = form.dataset.subject;
  if (answer.tasks) putTasks(answer.tasks);
  for (const [part, html] of Object.entries(answer.parts ?? {})) putPart(part, html);
  if (list && answer.card) putCard(list, answer.card);
  else if (list && answer.gone) removeCard(id);
  if (answer.said) say(form, answer.said);
}
