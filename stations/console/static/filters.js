// Which cards are shown. The choice stands in the address, as ids and words of ours only; a card
// that asks for an answer is shown whatever is chosen, and how many are hidden is always said.

const form = document.getElementById("filter");
const said = document.getElementById("filtered");
const FIELDS = { severity: "severity", state: "holder", area: "area" };

const chosen = () => Object.entries(FIELDS).map(([name, key]) => [key, form.elements[name].value]);

function areas(cards) {
  const select = form.elements.area;
  const known = new Set([...select.options].map((option) => option.value));
  for (const { dataset } of cards)
    if (dataset.area && !known.has(dataset.area)) {
      known.add(dataset.area);
      select.add(new Option(dataset.areaName, dataset.area));
    }
}

export function filter(list) {
  const cards = [...list.children];
  areas(cards);
  const wanted = chosen().filter(([, value]) => value);
  const fits = ({ dataset }) => wanted.every(([key, value]) => dataset[key] === value);
  let hidden = 0;
  for (const card of cards) {
    card.hidden = !card.dataset.page && !fits(card);
    hidden += card.hidden;
  }
  said.textContent = hidden ? `${said.dataset.some} ${hidden}` : "";
}

function remember() {
  const url = new URL(location.href);
  for (const name of Object.keys(FIELDS)) {
    const value = form.elements[name].value;
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  history.replaceState(null, "", url);
}

export function followFilters(list) {
  areas([...list.children]);
  const asked = new URLSearchParams(location.search);
  for (const name of Object.keys(FIELDS)) {
    const value = asked.get(name) ?? "";
    const field = form.elements[name];
    if ([...field.options].some((option) => option.value === value)) field.value = value;
  }
  document.getElementById("filters").open = chosen().some(([, value]) => value);
  const apply = () => {
    remember();
    filter(list);
  };
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  filter(list);
}
