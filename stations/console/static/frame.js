// What every page has: the menu on a phone, the look, the sheet of keys, and telling the server
// in which zone the reader lives.

const html = document.documentElement;
const YEAR = 365 * 86_400;

const remember = (name, value) => {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=strict${secure}`;
};

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) remember("vigil_zone", zone);

html.classList.add("scripted");

const menu = document.getElementById("menu");
menu?.addEventListener("click", () => {
  const open = menu.getAttribute("aria-expanded") !== "true";
  menu.setAttribute("aria-expanded", String(open));
});

// Without loading anew: that would silence a desk until the next touch.
const theme = document.getElementById("theme");
theme?.addEventListener("click", (event) => {
  event.preventDefault();
  const next = { auto: "dark", dark: "light", light: "auto" }[html.dataset.theme];
  html.dataset.theme = next;
  theme.querySelector("span").textContent = theme.dataset[next];
  remember("vigil_theme", next);
});

const help = document.getElementById("help");
const toggleHelp = () => (help.open ? help.close() : help.showModal());
document.getElementById("help-open")?.addEventListener("click", toggleHelp);

// The address may have changed since the page was made.
document.querySelector("a[hreflang]")?.addEventListener("click", (event) => {
  const there = new URL(location.href);
  there.searchParams.set("lang", event.currentTarget.hreflang);
  event.currentTarget.href = there.href;
});

export const typing = () =>
  document.activeElement?.matches("textarea, select, input:not([type=hidden], [type=radio])");

// Keys act while nobody types and no other key is held; `keys` maps a key to what it does.
export function onKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing()) return;
    if (help?.open && event.key !== "?") return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

if (help) onKeys({ "?": toggleHelp, g: () => location.pathname !== "/" && location.assign("/") });
