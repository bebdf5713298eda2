// One table of the page: sorting, searching, filtering, paging. Its first rows stand in the file already.

const PAGE_ROWS = 25;
const PRINTED_ROWS = 200;
const BRIEF = 24; // characters that stay on one line
const MOST_CHOICES = 200;
const order = new Intl.Collator("en", { numeric: true });

class PageTable {
  constructor(name, data, place) {
    this.name = name;
    this.place = place;
    this.columns = data.columns;
    this.rows = data.rows;
    this.omitted = data.omitted;
    this.empty = data.empty;
    this.shown = data.columns.map((column, index) => ({ ...column, index })).filter((column) => !column.hidden);
    this.columnAt = new Map(data.columns.map((column, index) => [column.key, index]));
    this.filters = new Map();
    this.own = "";
    this.sort = null;
    this.page = 0;
    this.pageRows = PAGE_ROWS;
    this.rowsInFocus = this.rows;
    this.table = place.querySelector("table");
    this.body = this.table.tBodies[0];
    this.buildTools();
    this.buildHead();
    this.buildFoot();
  }

  buildTools() {
    this.search = element("input", { type: "search", placeholder: "Search here", "aria-label": `Search in ${this.label()}` });
    this.search.addEventListener("input", later(() => this.set(() => (this.own = this.search.value))));
    this.chosen = new Map();
    const choices = this.columns.filter((column) => column.choose).map((column) => this.buildChoice(column));
    this.chips = element("span", { class: "chips" });
    const tools = element("div", { class: "tools" }, this.search, ...choices.filter(Boolean), this.chips);
    if (this.rows.length > 1) this.place.querySelector(".scroll").before(tools);
  }

  buildChoice(column) {
    const at = this.columnAt.get(column.key);
    const values = new Set(this.rows.flatMap((row) => row[at] ?? []));
    if (values.size < 2 || values.size > MOST_CHOICES) return null;
    const select = element("select", {}, element("option", { value: "" }, "all"));
    select.append(...[...values].sort(order.compare).map((value) => element("option", { value }, value)));
    select.addEventListener("change", () => this.set(() => this.filter(column.key, select.value)));
    this.chosen.set(column.key, select);
    return element("label", {}, `${column.label} `, select);
  }

  buildHead() {
    for (const [place, heading] of [...this.table.tHead.rows[0].cells].entries()) {
      const column = this.shown[place];
      const button = element("button", { type: "button" }, column.label);
      button.addEventListener("click", () => this.set(() => this.sortBy(column)));
      heading.replaceChildren(button);
    }
  }

  buildFoot() {
    this.told = element("span", { class: "told", role: "status" });
    const button = (label, go) => {
      const made = element("button", { type: "button", "aria-label": `${label} page of ${this.label()}` }, label);
      made.addEventListener("click", () => this.turn(go));
      return made;
    };
    this.back = button("Previous", -1);
    this.forth = button("Next", 1);
    const foot = this.place.querySelector(".foot");
    foot.replaceChildren(this.told, element("span", { class: "pager" }, this.back, this.forth));
  }

  label() {
    return this.table.caption.textContent;
  }

  set(change) {
    change();
    this.page = 0;
    this.show();
  }

  turn(by) {
    this.page += by;
    this.show();
    if (this.back.disabled && by < 0) this.forth.focus();
    if (this.forth.disabled && by > 0) this.back.focus();
  }

  filter(key, value) {
    if (value === "" || value === null) this.filters.delete(key);
    else this.filters.set(key, value);
  }

  sortBy(column) {
    const first = ["number", "time", "span"].includes(column.kind) ? -1 : 1;
    if (this.sort?.column.key !== column.key) this.sort = { column, direction: first };
    else if (this.sort.direction === first) this.sort.direction = -first;
    else this.sort = null;
  }

  /** What a row says, in lower case; made when it is first searched. */
  haystack(row) {
    this.hay ??= new Map();
    let text = this.hay.get(row);
    if (text === undefined) {
      text = this.columns.map((column, at) => searched(column.kind, row[at])).join("\n").toLowerCase();
      this.hay.set(row, text);
    }
    return text;
  }

  /** The rows that are left, in order. */
  selected() {
    const words = `${everywhere} ${this.own}`.toLowerCase().split(/\s+/).filter(Boolean);
    const filters = [...this.filters].map(([key, value]) => [this.columnAt.get(key), value]);
    const left = this.rowsInFocus.filter(
      (row) =>
        filters.every(([at, value]) => at === undefined || fits(row[at], value)) &&
        words.every((word) => this.haystack(row).includes(word)),
    );
    return this.sort ? left.sort(byColumn(this.sort.column, this.sort.direction)) : left;
  }

  show() {
    const rows = this.selected();
    const pages = Math.max(1, Math.ceil(rows.length / this.pageRows));
    this.page = Math.max(0, Math.min(this.page, pages - 1));
    const from = this.page * this.pageRows;
    const here = rows.slice(from, from + this.pageRows);
    this.body.replaceChildren(...(here.length ? here.map((row) => this.rowNode(row)) : [this.nothing()]));
    this.tell(rows.length, from, here.length);
    this.back.disabled = this.page === 0;
    this.forth.disabled = this.page >= pages - 1;
    this.back.parentElement.hidden = pages < 2;
    this.showMarks();
    this.left = rows.length;
  }

  tell(left, from, here) {
    const all = left === this.rows.length ? "" : ` (of ${withThousands(this.rows.length)})`;
    const what = left > here ? `${withThousands(from + 1)}–${withThousands(from + here)} of ${withThousands(left)}` : withThousands(left);
    const more = this.omitted ? ` · ${withThousands(this.omitted)} more in the CSV and JSON` : "";
    const text = this.rows.length ? `${what}${all} ${left === 1 ? "row" : "rows"}${more}` : more;
    if (this.told.textContent !== text) this.told.textContent = text;
  }

  showMarks() {
    for (const [place, heading] of [...this.table.tHead.rows[0].cells].entries()) {
      const sorted = this.sort?.column.key === this.shown[place].key;
      if (sorted) heading.setAttribute("aria-sort", this.sort.direction > 0 ? "ascending" : "descending");
      else heading.removeAttribute("aria-sort");
    }
    for (const [key, select] of this.chosen) select.value = this.filters.get(key) ?? "";
    const loose = [...this.filters].filter(([key, value]) => this.chosen.get(key)?.value !== value);
    this.chips.replaceChildren(...loose.map(([key, value]) => this.chip(key, value)));
  }

  chip(key, value) {
    const label = this.columns[this.columnAt.get(key)]?.label ?? key;
    const button = element("button", { type: "button", "aria-label": `Remove the filter ${label}` }, "×");
    button.addEventListener("click", () => {
      this.set(() => this.filter(key, null));
      this.search.focus();
    });
    return element("span", { class: "chip" }, `${label}: ${value.replace("..", " – ")} `, button);
  }

  rowNode(row) {
    return element("tr", { role: "row" }, ...this.shown.map((column) => this.cellNode(column, row)));
  }

  cellNode(column, row) {
    const cell = row[column.index];
    const number = ["number", "span"].includes(column.kind);
    const idle = cell === null || (number && cell === 0) || (Array.isArray(cell) && !cell.length);
    const brief = typeof cell === "string" && cell.length <= BRIEF;
    const classes = [`k-${column.kind}`, number ? "n" : "", idle ? "idle" : "", brief ? "brief" : ""].filter(Boolean).join(" ");
    const attributes = { role: "cell", class: classes, "data-label": column.label };
    return element("td", attributes, ...cellNodes(column, cell, this.leadOf(column, row)));
  }

  leadOf(column, row) {
    if (!column.lead || !row[column.index]) return null;
    const value = (given) => (given.startsWith("@") ? row[this.columnAt.get(given.slice(1))] : given);
    const parameters = Object.entries(column.lead).map(([name, given]) => [name, value(given)]);
    return parameters.some(([, given]) => given === null) ? null : linkTo(Object.fromEntries(parameters));
  }

  nothing() {
    const text = this.rows.length ? "No row is left by the search and filters." : this.empty;
    return element("tr", { role: "row" }, element("td", { role: "cell", class: "nothing", colspan: this.shown.length }, text));
  }
}

/** Searched in a cell: what is read, and names and numbers behind it. */
function searched(kind, cell) {
  if (kind === "number" || kind === "span" || cell === null) return "";
  if (kind === "account") return `${cell} ${accountNames.get(cell) ?? ""}`;
  return cellText(kind, cell);
}

/** Whether a cell fits a filter: itself, one of its items, or for ``A..B`` a time from A up to before B. */
function fits(cell, value) {
  if (cell === null) return value === "";
  if (Array.isArray(cell)) return cell.some((one) => String(one) === value);
  const range = value.split("..");
  if (range.length === 2 && typeof cell === "string" && /^\d{4}-/.test(cell)) return range[0] <= cell && cell < range[1];
  return String(cell) === value;
}

function byColumn(column, direction) {
  const key = (row) => {
    const cell = row[column.index];
    return typeof cell === "number" && column.kind !== "event" ? cell : cellText(column.kind, cell);
  };
  const keys = new Map();
  const keyOf = (row) => {
    if (!keys.has(row)) keys.set(row, key(row));
    return keys.get(row);
  };
  const compare = column.kind === "time" || column.kind === "account" ? plainly : (one, other) => (typeof one === "number" && typeof other === "number" ? one - other : order.compare(one, other));
  return (one, other) => {
    const [a, b] = [keyOf(one), keyOf(other)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return direction * compare(a, b);
  };
}

function plainly(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Calls once it has been quiet for a moment. */
function later(call) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    document.documentElement.dataset.busy = "";
    timer = setTimeout(() => {
      call();
      delete document.documentElement.dataset.busy;
    }, 120);
  };
}
