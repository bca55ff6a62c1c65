// Orders, fills, refusals, positions: tables of the journal.

import { el, panel, setClass, setText } from "./dom";
import { clock, count, money, price, short, signed, words } from "./format";
import { Grid, type Column } from "./grid";
import { num, side, str, type Model } from "./model";
import type { Row, Table } from "./wire";

const SHOWN = 120;
const APART_MS = 3_000;
/** What a check measures; shares and counts where it is not named (docs/risk.md). */
const DOLLARS = ["order_notional", "symbol_open_notional", "open_notional", "gross_exposure", "net_exposure", "executed_notional"];
const PRICES = ["price", "short_price", "self_cross"];
const BASIS_POINTS = ["price_collar", "fat_finger"];

function measured(row: Row, name: string): string {
  const check = str(row, "check");
  const value = num(row, name);
  if (DOLLARS.includes(check)) return `$${value < 100_000 ? count(value) : short(value)}`;
  if (PRICES.includes(check)) return price(value);
  if (BASIS_POINTS.includes(check)) return `${count(value)} bp`;
  return value ? count(value) : "";
}

const TONES: Record<string, string> = {
  working: "working",
  partial: "working strong",
  filled: "done",
  rejected: "bad",
  cancelled: "faint",
  replaced: "faint",
  dead: "faint",
};

const text = (head: string, name: string, more: Partial<Column<Row>> = {}): Column<Row> => ({ head, text: (r) => str(r, name), ...more });
const number = (head: string, name: string, more: Partial<Column<Row>> = {}): Column<Row> => ({
  head,
  text: (r) => (num(r, name) ? count(num(r, name)) : ""),
  class: "num",
  width: 52,
  ...more,
});
const time = (name = "t"): Column<Row> => ({ head: "Time", text: (r) => clock(num(r, name)), class: "time", width: 104, title: (r) => `${clock(num(r, name), 6)} UTC` });
const cost: Column<Row> = { head: "Price", text: (r) => price(num(r, "price")), class: "num", width: 70 };
const way: Column<Row> = { head: "", text: (r) => (r["side"] === "B" ? "B" : "S"), tone: side, class: "side", width: 20 };

/** The check, and what it found beyond its limit. */
function refused(row: Row): string {
  const found = measured(row, "value");
  return words(str(row, "check")) + (found ? `  ${found} · limit ${measured(row, "limit")}` : "");
}

/** A table that is drawn again only when its rows have changed. */
class Kept {
  private drawn = -1;
  constructor(private readonly name: string) {}
  changed(model: Model, mark = 0): Table | undefined {
    const table = model.table(this.name);
    const version = table.version * 2 + mark;
    if (version === this.drawn) return undefined;
    this.drawn = version;
    return table;
  }
  forget(): void {
    this.drawn = -1;
  }
}

export class Orders {
  private readonly grid: Grid<Row>;
  private readonly kept = new Kept("orders");
  private readonly total = el("span", { class: "dim" });
  private readonly only = el("button", { class: "toggle", title: "Open orders only (o)" }, "open");

  constructor(
    private readonly model: Model,
    pick: (server: number, symbol: string) => void,
  ) {
    const { head, body } = panel("orders", "Orders");
    this.only.addEventListener("click", () => this.toggle());
    head.append(this.total, this.only);
    this.grid = new Grid<Row>(
      body,
      [
        time(),
        text("Symbol", "symbol", { class: "symbol", width: 64 }),
        way,
        cost,
        number("Shares", "shares", { class: "num wide" }),
        number("Done", "executed"),
        number("Left", "leaves"),
        { head: "Average", width: 80, class: "num wide roomy", text: (r) => (num(r, "executed") ? price(Math.round(num(r, "notional") / num(r, "executed"))) : "") },
        { head: "State", width: 84, text: (r) => str(r, "state"), tone: (r) => TONES[str(r, "state")] ?? "", title: (r) => str(r, "reason") },
        { head: "Strategy", class: "wide soft", text: (r) => words(str(r, "strategy")) },
        { head: "Why", class: "wide soft why", text: (r) => str(r, "reason") || str(r, "cause") },
        { head: "Ref", width: 92, class: "num wide roomy soft", text: (r) => (num(r, "replaces") ? `${r["replaces"]}→${r["reference"]}` : String(r["reference"])) },
      ],
      { empty: "No orders yet.", pick: (r) => pick(num(r, "server"), str(r, "symbol")), rowTone: (r) => (r["open"] ? "" : "closed") },
    );
  }

  toggle(): void {
    this.model.onlyOpen = !this.model.onlyOpen;
    setClass(this.only, this.model.onlyOpen ? "toggle on" : "toggle");
  }

  draw(): void {
    const table = this.kept.changed(this.model, Number(this.model.onlyOpen));
    if (!table) return;
    let open = 0;
    for (const row of table.values()) open += num(row, "open");
    this.grid.draw(table.newest(SHOWN, this.model.onlyOpen ? (r) => r["open"] === 1 : undefined));
    setText(this.total, `${count(open)} open`);
  }
}

export class Fills {
  private readonly grid: Grid<Row>;
  private readonly kept = new Kept("fills");
  private readonly total = el("span", { class: "dim" });

  constructor(
    private readonly model: Model,
    pick: (server: number, symbol: string) => void,
  ) {
    const { head, body } = panel("fills", "Fills");
    head.append(this.total);
    this.grid = new Grid<Row>(
      body,
      [
        time(),
        text("Symbol", "symbol", { class: "symbol", width: 64 }),
        way,
        number("Shares", "shares"),
        cost,
        text("Liquidity", "liquidity", { class: "roomy soft", title: (r) => words(str(r, "strategy")) }),
      ],
      {
        empty: "No fills yet.",
        pick: (r) => pick(num(r, "server"), str(r, "symbol")),
        rowTone: (r) => (r["broken"] ? "broken" : ""),
      },
    );
  }

  draw(): void {
    const table = this.kept.changed(this.model);
    if (!table) return;
    this.grid.draw(table.newest(SHOWN));
    setText(this.total, count(table.rows.size));
  }
}

export class Refusals {
  private readonly grid: Grid<Row>;
  private readonly kept = new Kept("refusals");
  private readonly checks = new Kept("checks");
  private readonly total = el("span", { class: "dim" });
  private readonly chips = el("div", { class: "chips" });

  constructor(
    private readonly model: Model,
    pick: (server: number, symbol: string) => void,
  ) {
    const { head, body } = panel("refusals", "Risk gate");
    head.append(this.total);
    body.append(this.chips);
    this.grid = new Grid<Row>(
      body,
      [
        time(),
        text("Symbol", "symbol", { class: "symbol", width: 64 }),
        way,
        number("Shares", "shares", { class: "num wide roomy" }),
        { ...cost, class: "num wide roomy" },
        { head: "Refused by", text: refused, tone: () => "bad", title: (r) => `${refused(r)}, ${words(str(r, "strategy"))}` },
      ],
      { empty: "Nothing refused.", pick: (r) => pick(num(r, "server"), str(r, "symbol")) },
    );
  }

  draw(): void {
    const refusals = this.kept.changed(this.model);
    if (refusals) this.grid.draw(refusals.newest(SHOWN));
    const checks = this.checks.changed(this.model);
    if (!checks) return;
    const rows = [...checks.values()].sort((a, b) => num(a, "code") - num(b, "code"));
    const passed = rows.find((r) => r["code"] === 0);
    setText(this.total, `${count(passed ? num(passed, "count") : 0)} passed`);
    const refused = rows.filter((r) => r["code"] !== 0).sort((a, b) => num(b, "count") - num(a, "count"));
    this.chips.replaceChildren(...refused.map((r) => el("span", { class: "chip" }, words(str(r, "check")), el("b", {}, count(num(r, "count"))))));
  }
}

export class Positions {
  private readonly grid: Grid<Row>;
  private readonly kept = new Kept("positions");
  private readonly total = el("span", {});

  constructor(
    private readonly model: Model,
    pick: (server: number, symbol: string) => void,
  ) {
    const { head, body } = panel("positions", "Positions");
    head.append(this.total);
    const tone = (value: number): string => (value > 0 ? "up" : value < 0 ? "down" : "faint");
    this.grid = new Grid<Row>(
      body,
      [
        text("Symbol", "symbol", { class: "symbol", width: 64 }),
        {
          head: "Shares",
          class: "num strong",
          text: (r) => signed(num(r, "shares")),
          tone: (r) => (this.apart(r) ? "bad" : ""),
          title: (r) => (this.apart(r) ? `the journal's executions add up to ${r["journal"]}` : ""),
        },
        { head: "Mark", class: "num", text: (r) => price(num(r, "mark")) },
        { head: "Buys out", class: "num wide roomy soft", text: (r) => (num(r, "exposed_buy") ? count(num(r, "exposed_buy")) : "") },
        { head: "Sells out", class: "num wide roomy soft", text: (r) => (num(r, "exposed_sell") ? count(num(r, "exposed_sell")) : "") },
        { head: "Traded", class: "num roomy soft", text: (r) => count(num(r, "bought") + num(r, "sold")) },
        { head: "Realised", class: "num", text: (r) => money(num(r, "realised")), tone: (r) => tone(num(r, "realised")) },
        { head: "P&L", class: "num strong", text: (r) => money(num(r, "total")), tone: (r) => tone(num(r, "total")) },
      ],
      { empty: "No positions yet.", pick: (r) => pick(num(r, "server"), str(r, "symbol")) },
    );
  }

  /** Whether the trader and its journal have disagreed for longer than the streams differ in time. */
  private apart(row: Row): boolean {
    return num(row, "apart") > 0 && this.model.now() - num(row, "apart") > APART_MS;
  }

  draw(): void {
    const table = this.kept.changed(this.model);
    if (!table) return;
    const rows = [...table.values()].filter((r) => r["shares"] || r["bought"] || r["sold"] || r["exposed_buy"] || r["exposed_sell"]);
    rows.sort((a, b) => str(a, "symbol").localeCompare(str(b, "symbol")));
    this.grid.draw(rows);
    const held = rows.filter((r) => r["shares"]);
    const gross = held.reduce((sum, r) => sum + Math.abs(num(r, "shares")) * num(r, "mark"), 0);
    setText(this.total, `${count(held.length)} held · gross ${money(gross, false)}`);
    setClass(this.total, "dim");
  }
}
