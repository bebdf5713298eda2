// Writing cells as text. html_text.py and html_table.py write the same for the rows that stand in the file.

const NOWHERE = { "": "(whole organization)", "?": "(not in the tree)" };

/** An element with attributes and children; texts become text nodes, never markup. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function withThousands(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function counted(count, one, many) {
  return `${withThousands(count)} ${count === 1 ? one : many}`;
}

function clockText(value) {
  return `${value.slice(0, 10)} ${value.slice(11, 16)}`;
}

function spanText(seconds) {
  const two = (large, unit, small, smaller) =>
    small ? `${withThousands(large)} ${unit} ${small} ${smaller}` : `${withThousands(large)} ${unit}`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return two(Math.floor(seconds / 3600), "h", Math.floor((seconds % 3600) / 60), "min");
  return two(Math.floor(seconds / 86400), "d", Math.floor((seconds % 86400) / 3600), "h");
}

/** A cell as one text: what is searched, and what a person reads. */
function cellText(kind, cell) {
  if (cell === null) return "";
  if (Array.isArray(cell)) return cell.map((one) => (kind === "events" ? eventName(one) : String(one))).join(", ");
  if (kind === "event") return eventName(cell);
  if (kind === "span") return spanText(cell);
  if (typeof cell === "number") return withThousands(cell);
  if (kind === "time") return clockText(cell);
  if (kind === "ou") return NOWHERE[cell] ?? cell;
  return cell;
}

/** The address of a place in the page. */
function linkTo(parameters) {
  const parts = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value ?? "")}`);
  return `#/?${parts.join("&")}`;
}

/** A cell's content as nodes, with links to where one can look closer. */
function cellNodes(column, cell, lead) {
  const text = cellText(column.kind, cell);
  if (text === "") return [];
  switch (column.kind) {
    case "event":
      return [element("a", { href: linkTo({ event: cell }) }, text)];
    case "events":
      return apart(cell.map((one) => element("a", { href: linkTo({ event: one }) }, eventName(one))));
    case "account":
      return accountNodes(cell);
    case "accounts":
      return apart(cell.map((one) => (one === "*" ? one : element("a", { href: linkTo({ account: one }) }, one))));
    case "ou":
      return [cell === "?" ? text : element("a", { href: linkTo({ ou: cell }) }, text)];
    case "words":
      return cell.flatMap((word) => [element("span", { class: `word ${WORDS.has(word) ? `is-${word}` : ""}` }, word), " "]);
    case "time":
      return [element("time", { datetime: cell }, text)];
    case "code":
      return [element("code", {}, text)];
    default:
      return [lead ? element("a", { href: lead }, text) : text];
  }
}

const WORDS = new Set(["allowed", "allow", "warned", "warn", "blocked", "block", "held", "resumed", "shadow", "open", "overridden"]);

function apart(nodes) {
  return nodes.flatMap((node, place) => (place ? [", ", node] : [node]));
}

function accountNodes(id) {
  const name = accountNames.get(id);
  const shown = [element("a", { href: linkTo({ account: id }) }, id)];
  if (name) shown.push(" ", element("span", { class: "aside" }, name));
  return shown;
}
