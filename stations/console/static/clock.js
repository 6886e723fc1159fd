// Countdowns and elapsed times by the server's clock, whatever this machine's clock says.

let offset = 0; // server minus local, ms
const units = document.body.dataset;

export function setServerTime(millis) {
  if (millis) offset = millis - Date.now();
}

const two = (number) => String(number).padStart(2, "0");

function countdown(millis) {
  const seconds = Math.ceil(millis / 1000);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds < 3600 ? rest.replace(/^0/, "") : `${Math.floor(seconds / 3600)}:${rest}`;
}

function elapsed(millis) {
  const minutes = Math.floor(Math.max(0, millis) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, millis) / 1000)} ${units.second}`;
  if (minutes < 60) return `${minutes} ${units.minute}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} ${units.hour} ${minutes % 60} ${units.minute}`;
  return `${Math.floor(hours / 24)} ${units.day}`;
}

export function tick() {
  const now = Date.now() + offset;
  for (const element of document.querySelectorAll("[data-due]")) {
    const left = Number(element.dataset.due) - now;
    element.textContent = left > 0 ? countdown(left) : element.dataset.overdue;
    element.classList.toggle("soon", left < 15_000);
  }
  for (const element of document.querySelectorAll("[data-since]"))
    element.textContent = elapsed(now - Number(element.dataset.since));
}
