// The close look: from the organization to an OU, an account, an event. It narrows every table to what belongs there.

const NEXT = 12;

/** What belongs to what, from the rows at hand. */
function related(data) {
  const accounts = data.tables.accounts;
  const ouOf = new Map();
  const eventsOf = new Map();
  const accountsOf = new Map();
  const join = (account, event) => {
    if (!eventsOf.has(account)) eventsOf.set(account, new Set());
    if (!accountsOf.has(event)) accountsOf.set(event, new Set());
    eventsOf.get(account).add(event);
    accountsOf.get(event).add(account);
  };
  const [id, ou, events] = columnsAt(accounts, "account", "ou", "events");
  for (const row of accounts.rows) {
    ouOf.set(row[id], row[ou]);
    for (const event of row[events]) join(row[id], event);
  }
  const [key, listed] = columnsAt(data.tables.events, "event", "accounts");
  for (const row of data.tables.events.rows) for (const account of row[listed]) join(account, row[key]);
  const [of, at] = columnsAt(data.tables.resources, "event", "account");
  for (const row of data.tables.resources.rows) join(row[at], row[of]);
  return { ouOf, eventsOf, accountsOf };
}

function columnsAt(table, ...keys) {
  return keys.map((key) => table.columns.findIndex((column) => column.key === key));
}

function within(path, ou) {
  return ou === "" || path === ou || path.startsWith(`${ou}/`);
}

/** A test for rows of a table, or null where the table has nothing to do with what is looked at. */
function belonging(name, columns, event, place, relations) {
  const at = (...kinds) => columns.flatMap((column, place) => (kinds.includes(column.kind) ? [place] : []));
  const places = { ou: at("ou"), account: at("account"), accounts: at("account", "accounts"), events: at("event", "events") };
  const tests = [];
  if (event !== null) tests.push(ofEvent(name, places, event, relations));
  if (place !== null) tests.push(ofAccounts(places, place, name));
  return tests.includes(null) ? null : (row) => tests.every((test) => test(row));
}

function ofEvent(name, places, event, relations) {
  if (name === "accounts") {
    const hit = relations.accountsOf.get(event) ?? new Set();
    return (row) => hit.has(row[places.account[0]]);
  }
  return places.events.length ? (row) => places.events.some((place) => touches(row[place], (one) => one === event)) : null;
}

/** What is inside the account or OU that is looked at, or null where neither is. */
function placeFacts({ ou, account }, relations) {
  if (account !== null) return accountFacts(account, relations);
  return ou === null ? null : ouFacts(ou, relations);
}

function accountFacts(account, relations) {
  const own = relations.ouOf.get(account);
  return {
    inside: (path) => path === own,
    has: (id) => id === account,
    events: relations.eventsOf.get(account) ?? new Set(),
  };
}

function ouFacts(ou, relations) {
  const events = new Set();
  const accounts = new Set();
  for (const [account, path] of relations.ouOf) {
    if (!within(path, ou)) continue;
    accounts.add(account);
    for (const event of relations.eventsOf.get(account) ?? []) events.add(event);
  }
  return { inside: (path) => within(path, ou), has: (id) => accounts.has(id), events };
}

function ofAccounts(places, facts, name) {
  const named = (row) => places.accounts.some((place) => touches(row[place], facts.has));
  const struck = (event) => facts.events.has(event);
  if (name === "accounts" || places.account.length) return named;
  if (places.ou.length) return (row) => places.ou.some((place) => facts.inside(row[place]));
  if (!places.events.length) return null;
  return (row) => named(row) || places.events.some((place) => touches(row[place], struck));
}

/** Whether a cell, or one of its items, passes a test. */
function touches(cell, test) {
  return Array.isArray(cell) ? cell.some(test) : test(cell);
}

class Focus {
  constructor(data, tables) {
    this.data = data;
    this.tables = tables;
    this.relations = related(data);
    this.place = document.getElementById("look");
    this.now = { ou: null, account: null, event: null };
  }

  get set() {
    return Object.values(this.now).some((value) => value !== null);
  }

  /** Looks at what the address names; with nothing named, at everything. */
  look(now) {
    this.now = now;
    const place = placeFacts(now, this.relations);
    for (const table of this.tables.values()) {
      const test = belonging(table.name, table.columns, now.event, place, this.relations);
      table.unrelated = test === null;
      table.rowsInFocus = test === null ? table.rows : this.set ? table.rows.filter(test) : table.rows;
      table.page = 0;
    }
    this.place.hidden = !this.set;
    document.documentElement.classList.toggle("looking", this.set);
    this.place.querySelector("#look-body").replaceChildren(...(this.set ? this.nodes() : []));
  }

  nodes() {
    const { ou, account, event } = this.now;
    const row = event !== null ? this.rowOf("events", "event", event) : account !== null ? this.rowOf("accounts", "account", account) : this.rowOf("ous", "ou", ou);
    const table = this.data.tables[event !== null ? "events" : account !== null ? "accounts" : "ous"];
    return [this.crumbs(), this.heading(), row ? facts(table, row) : this.missing(), this.next()].filter(Boolean);
  }

  rowOf(name, key, value) {
    const [at] = columnsAt(this.data.tables[name], key);
    return this.data.tables[name].rows.find((row) => row[at] === value);
  }

  heading() {
    const { ou, account, event } = this.now;
    const name = accountNames.get(account);
    const text = event !== null ? `Event: ${eventName(event)}` : account !== null ? `Account ${account}${name ? ` (${name})` : ""}` : ou === "" ? "The whole organization" : `OU ${ou}`;
    return element("h2", { id: "look-title", tabindex: "-1" }, text);
  }

  crumbs() {
    const { ou, account, event } = this.now;
    const path = account !== null ? (this.relations.ouOf.get(account) ?? "") : (ou ?? "");
    const steps = [[{ ou: "" }, "Organization"]];
    const parts = path === "" || path === "?" ? [] : path.split("/");
    parts.forEach((part, place) => steps.push([{ ou: parts.slice(0, place + 1).join("/") }, part]));
    if (account !== null) steps.push([{ account }, account]);
    if (event !== null) steps.push([account !== null ? { account, event } : { event }, eventName(event)]);
    const items = steps.map(([to, text], place) =>
      element("li", {}, element("a", { href: linkTo(to), "aria-current": place === steps.length - 1 ? "page" : null }, text)),
    );
    return element("nav", { "aria-label": "Where you are" }, element("ol", { class: "crumbs" }, ...items));
  }

  missing() {
    return element("p", {}, "Its own row is not in this page; what belongs to it is below, and all of it is in the CSV and JSON.");
  }

  /** One step further down: OUs, accounts, events. */
  next() {
    const { ou, account, event } = this.now;
    const lists = [];
    if (event === null && account === null) lists.push(this.list("ous", "ou", "OUs in it", (row, at) => row[at] !== ou && parentOf(row[at]) === ou, {}));
    if (account === null) lists.push(this.list("accounts", "account", "Accounts", () => true, event !== null ? { event } : {}));
    if (event === null) lists.push(this.list("events", "event", "Events", () => true, account !== null ? { account } : {}));
    const some = lists.filter(Boolean);
    return some.length ? element("div", { class: "next" }, ...some) : null;
  }

  /** Events of one kind are told apart by Region and start. */
  told(table, kind, row, at) {
    if (kind !== "event") return cellText(kind, row[at]);
    const start = row[table.columnAt.get("start")];
    return [cellText(kind, row[at]), row[table.columnAt.get("region")], start ? start.slice(0, 10) : null].filter(Boolean).join(" · ");
  }

  list(name, key, title, wanted, kept) {
    const table = this.tables.get(name);
    const at = table.columnAt.get(key);
    const rows = table.rowsInFocus.filter((row) => wanted(row, at));
    if (!rows.length) return null;
    const items = rows.slice(0, NEXT).map((row) => {
      const kind = table.columns[at].kind;
      const text = kind === "account" ? [row[at], accountNames.get(row[at])].filter(Boolean).join(" ") : this.told(table, kind, row, at);
      return element("li", {}, element("a", { href: linkTo({ ...kept, [key]: row[at] }) }, text));
    });
    const all = linkTo({ ...Object.fromEntries(Object.entries(this.now).filter(([, value]) => value !== null)), table: name });
    if (rows.length > NEXT) items.push(element("li", {}, element("a", { href: all }, `all ${withThousands(rows.length)} …`)));
    return element("div", {}, element("h3", {}, `${title} (${withThousands(rows.length)})`), element("ul", {}, ...items));
  }
}

function parentOf(path) {
  if (path === "?" || path === "") return null;
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/** Everything a row says, whether or not its table shows it. */
function facts(table, row) {
  const list = element("dl", { class: "facts" });
  table.columns.forEach((column, place) => {
    if (place === 0 || column.kind === "events") return; // the heading, and the list below
    const nodes = cellNodes(column, row[place], null);
    if (!nodes.length || (row[place] === 0 && column.kind === "number")) return;
    const long = typeof row[place] === "string" && row[place].length > 120;
    list.append(element("div", { class: long ? "wide" : null }, element("dt", {}, column.label), element("dd", {}, ...nodes)));
  });
  return list;
}
