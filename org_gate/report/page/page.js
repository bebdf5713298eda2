// The start: reads the data, takes over the tables, follows the address, keeps the theme.

const data = JSON.parse(document.getElementById("data").textContent);
const accountNames = new Map(data.accounts);
const eventNames = new Map(data.events);
const eventName = (id) => eventNames.get(id) ?? `event ${id}`;
let everywhere = "";

const tables = new Map();
for (const place of document.querySelectorAll("[data-table]")) {
  const name = place.dataset.table;
  tables.set(name, new PageTable(name, data.tables[name], place));
}
const focus = new Focus(data, tables);

function showAll() {
  let rows = 0;
  let places = 0;
  for (const table of tables.values()) {
    table.show();
    const searching = everywhere.trim() !== "";
    table.place.hidden = table.unrelated || (searching && table.left === 0) || (focus.set && table.left === 0);
    if (table.place.hidden) continue;
    rows += table.left;
    places += 1;
  }
  tellFound(rows, places);
}

function tellFound(rows, places) {
  const looking = everywhere.trim() !== "" || focus.set;
  const found = rows ? `${counted(rows, "row", "rows")} in ${counted(places, "table", "tables")}` : "Nothing fits. Try fewer words.";
  document.getElementById("found").textContent = looking ? found : "";
  document.documentElement.classList.toggle("searching", everywhere.trim() !== "");
}

const searchEverywhere = document.getElementById("everywhere");
searchEverywhere.addEventListener("input", later(() => {
  everywhere = searchEverywhere.value;
  for (const table of tables.values()) table.page = 0;
  showAll();
}));

/** Goes where the address says: ``#/?ou=…&account=…&event=…&table=…`` and the table's filters. */
function follow() {
  const hash = location.hash;
  if (hash && !hash.startsWith("#/?")) return;
  const asked = new URLSearchParams(hash.slice(3));
  const event = asked.get("event");
  const table = tables.get(asked.get("table") ?? "");
  const now = { ou: asked.get("ou"), account: asked.get("account"), event: event === null ? null : Number(event) };
  focus.look(now);
  if (table) filterBy(table, asked);
  showAll();
  arrive(table);
}

function filterBy(table, asked) {
  table.filters.clear();
  for (const [key, value] of asked) {
    if (!["ou", "account", "event", "table"].includes(key) && table.columnAt.has(key)) table.filters.set(key, value);
  }
}

function arrive(table) {
  const target = table ? table.place : focus.set ? focus.place : null;
  if (!target || target.hidden) return;
  const heading = table ? table.place.querySelector(".scroll") : document.getElementById("look-title");
  heading.focus({ preventScroll: true });
  target.scrollIntoView({ block: "start" });
}

const THEMES = ["automatic", "dark", "light"];
const themeButton = document.getElementById("theme");

function wear(theme) {
  if (theme === "automatic") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  themeButton.textContent = `Theme: ${theme}`;
  themeButton.dataset.theme = theme;
}

/** The browser's own store may be closed to a file; then the theme holds until the page is closed. */
function remembered(theme) {
  try {
    if (theme) localStorage.setItem("org-gate-theme", theme);
    return localStorage.getItem("org-gate-theme");
  } catch (refused) {
    if (refused instanceof DOMException) return null;
    throw refused;
  }
}

themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(themeButton.dataset.theme) + 1) % THEMES.length];
  remembered(next);
  wear(next);
});

function onPaper(paper) {
  for (const table of tables.values()) {
    table.pageRows = paper ? PRINTED_ROWS : PAGE_ROWS;
    table.show();
  }
  for (const details of document.querySelectorAll("details")) {
    if (paper) details.dataset.wasOpen = String(details.open);
    details.open = paper ? true : details.dataset.wasOpen === "true";
  }
}

/** Bars of a chart lead to their rows; by keyboard the table beside the chart does. */
document.addEventListener("click", (pressed) => {
  const lead = pressed.target instanceof Element ? pressed.target.closest("[data-lead]")?.getAttribute("data-lead") : null;
  if (lead?.startsWith("#/?")) location.hash = lead;
});

addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
/** Says, for whoever drives the page, which address it shows by now. */
function arrived() {
  follow();
  document.documentElement.dataset.at = location.hash;
}

addEventListener("hashchange", arrived);
document.addEventListener("keydown", (pressed) => {
  if (pressed.key !== "/" || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
  if (pressed.target instanceof Element && pressed.target.closest("input, select, textarea")) return;
  pressed.preventDefault();
  searchEverywhere.focus();
});

wear(THEMES.includes(remembered(null)) ? remembered(null) : "automatic");
document.documentElement.classList.add("alive");
if (location.hash && !location.hash.startsWith("#/?")) showAll();
arrived();
