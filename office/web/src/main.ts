import { Alerts } from "./alerts";
import { Bar } from "./bar";
import { Fills, Orders, Positions, Refusals } from "./blotter";
import { Book } from "./book";
import { Latency, Profit } from "./charts";
import { Help, Kill } from "./dialogs";
import { byId, el } from "./dom";
import { Feed, Interrupts } from "./health";
import { Link, post } from "./link";
import { Model, num, WORKING } from "./model";
import { restoreTheme, toggleTheme } from "./theme";
import { Watch } from "./watch";
import type { Row } from "./wire";

restoreTheme();

const TABS: [string, string][] = [
  ["book", "Book"],
  ["orders", "Orders"],
  ["risk", "Risk"],
  ["health", "Health"],
  ["alerts", "Alerts"],
];

/** The other tables are drawn so much later when no further frame comes. */
const REST_MS = 60;
const model = new Model();

let waiting = false;
let rest = 0;
const stale = [true, true];

/** Something has changed: draw once before the next frame of the screen. */
function redraw(): void {
  stale.fill(true);
  schedule();
}

function schedule(): void {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(draw);
}
let fresh = false;
let chosen = false;
let turn = 0;

const toast = el("div", { class: "toast" });
toast.setAttribute("role", "status");
document.body.append(toast);
let toastTimer = 0;
function say(text: string, bad = false): void {
  toast.textContent = text;
  toast.className = `toast show ${bad ? "bad" : ""}`;
  clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => (toast.className = "toast"), 5_000);
}

const link = new Link({
  began(hello, decoder) {
    model.hello = hello;
    model.tables = decoder.tables;
    model.connected = true;
    const wanted = model.wanted;
    model.selected = 0;
    model.wanted = wanted;
    redraw();
  },
  came(frame) {
    model.lastFrame = performance.now();
    model.offset = frame.time - Date.now();
    fresh = true;
    rates.rows += frame.rows;
    rates.source = frame.sourceRows;
    if (model.selected && !model.book()) model.selected = 0;
    if (!model.selected && (model.table("positions").rows.size || frame.number > 12)) choose();
    redraw();
  },
  lost() {
    model.connected = false;
    redraw();
  },
});

/** Somebody has chosen a book: from now on the choice is theirs. */
function take(book: number): void {
  chosen = true;
  select(book);
}

function select(book: number): void {
  if (!book || book === model.selected) return;
  model.selected = book;
  model.wanted = (model.book()?.["symbol"] as string | undefined) ?? "";
  link.select(book);
  redraw();
}

function pick(server: number, symbol: string): void {
  const found = [...model.table("books").values()].filter((row) => row["server"] === server && row["symbol"] === symbol);
  found.sort((a, b) => num(b, "venue") - num(a, "venue"));
  if (found[0]) take(found[0].id);
}

/** The book that was shown before, else the one that matters most; until somebody chooses, one that is traded. */
function choose(): void {
  const books = [...model.table("books").values()];
  const interest = model.interest();
  const before = books.find((r) => r["symbol"] === model.wanted && (chosen || interest(r) >= WORKING));
  const most = books.reduce<Row | undefined>((a, b) => (a && interest(a) >= interest(b) ? a : b), undefined);
  select((before ?? most)?.id ?? 0);
}

const bar = new Bar(model);
const watch = new Watch(model, take);
const book = new Book(model);
const orders = new Orders(model, pick);
const fills = new Fills(model, pick);
const refusals = new Refusals(model, pick);
const positions = new Positions(model, pick);
const latency = new Latency(model);
const profit = new Profit(model);
const feed = new Feed(model);
const interrupts = new Interrupts(model);
const alerts = new Alerts(model, say);
const help = new Help();
const kill = new Kill(model, say);

const rates = { frames: 0, rows: 0, source: 0, before: 0, since: performance.now() };
setInterval(() => {
  const now = performance.now();
  const seconds = (now - rates.since) / 1000;
  model.frameRate = rates.frames / seconds;
  model.rowRate = rates.rows / seconds;
  model.sourceRate = rates.before ? Math.max(0, rates.source - rates.before) / seconds : 0;
  Object.assign(rates, { frames: 0, rows: 0, before: rates.source, since: now });
  if (!chosen && model.selected) choose();
  redraw();
}, 1_000);

function theme(): void {
  toggleTheme();
  restyle();
}

function restyle(): void {
  latency.restyle();
  profit.restyle();
  redraw();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);

function tab(name: string): void {
  document.body.dataset["tab"] = name;
  for (const button of byId("tabs").children) button.classList.toggle("on", (button as HTMLElement).dataset["tab"] === name);
  restyle();
}
for (const [name, title] of TABS) {
  const button = el("button", {}, title);
  button.dataset["tab"] = name;
  button.addEventListener("click", () => tab(name));
  byId("tabs").append(button);
}
tab("book");
const alertTab = byId("tabs").lastElementChild as HTMLElement;

byId("theme").addEventListener("click", theme);
byId("help").addEventListener("click", () => help.toggle());
byId("kill").addEventListener("click", () => kill.open());
byId("logout").addEventListener("click", async () => {
  await post("/api/logout", {});
  location.replace("/login");
});

const keys: Record<string, () => void> = {
  "/": () => watch.input.focus(),
  j: () => take(watch.step(1)),
  ArrowDown: () => take(watch.step(1)),
  k: () => take(watch.step(-1)),
  ArrowUp: () => take(watch.step(-1)),
  o: () => orders.toggle(),
  l: () => latency.next(),
  a: () => alerts.newest(),
  t: theme,
  K: () => kill.open(),
  "?": () => help.toggle(),
};
TABS.forEach(([name], place) => (keys[String(place + 1)] = () => tab(name)));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement;
  if (event.key === "Escape" && typing && event.target === watch.input) {
    watch.input.value = "";
    watch.input.dispatchEvent(new Event("input"));
    watch.input.blur();
    return;
  }
  if (event.key === "Enter" && event.target === watch.input) {
    take(watch.step(0) || watch.step(1));
    watch.input.blur();
    return;
  }
  if (typing || document.querySelector("dialog[open]")) return;
  const action = keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
  redraw();
});

function draw(now: number): void {
  waiting = false;
  clearTimeout(rest);
  // Only what has been drawn counts as a frame.
  rates.frames += Number(fresh);
  fresh = false;
  // The book and the bar in every frame, the tables in turn: nobody reads a table twenty-five times a second.
  bar.draw();
  book.draw();
  alerts.count(alertTab);
  turn = stale[1 - turn] ? 1 - turn : turn;
  stale[turn] = false;
  if (turn) {
    watch.draw(now);
    positions.draw();
    feed.draw();
    interrupts.draw();
  } else {
    orders.draw();
    fills.draw();
    refusals.draw();
    latency.draw();
    profit.draw();
    alerts.draw();
  }
  if (stale[1 - turn]) rest = window.setTimeout(schedule, REST_MS);
  link.acknowledge();
}
link.open();
redraw();
