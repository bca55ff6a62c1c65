// The watch list: what is traded first, then what moves most. Its order is renewed once a second, so that it can be read.

import { el, panel, setText } from "./dom";
import { count, price, signed } from "./format";
import { Grid } from "./grid";
import { num, str, WORKING, type Model } from "./model";
import type { Row } from "./wire";

const SHOWN = 80;
const ALL_VENUES = 255;

export class Watch {
  readonly input = el("input", { class: "filter", title: "Filter symbols (/)" });
  private readonly grid: Grid<Row>;
  private readonly total: HTMLElement;
  private order: number[] = [];
  private ordered = -Infinity;
  private held = new Map<string, number>();

  constructor(
    private readonly model: Model,
    pick: (book: number) => void,
  ) {
    const { head, body } = panel("watch", "Markets");
    this.total = el("span", { class: "dim" });
    this.input.placeholder = "Symbol  /";
    this.input.setAttribute("aria-label", "Filter symbols");
    this.input.spellcheck = false;
    this.input.addEventListener("input", () => {
      model.filter = this.input.value.trim().toUpperCase();
      this.ordered = -Infinity;
    });
    head.append(this.total, this.input);
    this.grid = new Grid<Row>(
      body,
      [
        { head: "Symbol", text: (r) => str(r, "symbol"), class: "symbol", width: 68 },
        { head: "Bid", text: (r) => price(num(r, "bid")), class: "num bid", width: 62 },
        { head: "Ask", text: (r) => price(num(r, "ask")), class: "num ask", width: 62 },
        { head: "Pos", text: (r) => this.position(r), class: "num", tone: () => "strong" },
      ],
      {
        empty: "No market data yet.",
        pick: (r) => pick(r.id),
        rowTone: (r) => (r.id === model.selected ? "selected" : ""),
      },
    );
  }

  private position(row: Row): string {
    const held = this.held.get(`${row["server"]} ${row["symbol"]}`);
    return held ? signed(held) : "";
  }

  /** Move the choice up or down the list. */
  step(by: number): number {
    const at = this.order.indexOf(this.model.selected);
    return this.order[Math.min(Math.max(at + by, 0), this.order.length - 1)] ?? 0;
  }

  draw(now: number): void {
    const books = this.model.table("books");
    if (!this.order.length || now - this.ordered > 1_000) this.arrange(now);
    const rows = this.order.map((id) => books.rows.get(id)).filter((row): row is Row => row !== undefined);
    this.grid.draw(rows);
    setText(this.total, count(books.rows.size));
  }

  private arrange(now: number): void {
    this.ordered = now;
    this.held = new Map();
    for (const row of this.model.table("positions").values()) {
      this.held.set(`${row["server"]} ${row["symbol"]}`, num(row, "shares"));
    }
    const weight = this.model.interest();
    const filter = this.model.filter;
    const books = [...this.model.table("books").values()];
    // Where there is a book of all venues put together, it stands for those of the venues.
    const together = new Set(books.filter((row) => row["venue"] === ALL_VENUES).map((row) => `${row["server"]} ${row["symbol"]}`));
    const found = books.filter(
      (row) =>
        str(row, "symbol").startsWith(filter) &&
        (row["venue"] === ALL_VENUES || !together.has(`${row["server"]} ${row["symbol"]}`)),
    );
    const weights = new Map(found.map((row) => [row.id, weight(row)]));
    found.sort((a, b) => (weights.get(b.id) ?? 0) - (weights.get(a.id) ?? 0) || a.id - b.id);
    const top = found.slice(0, SHOWN);
    if (!filter) top.sort((a, b) => Number((weights.get(b.id) ?? 0) >= WORKING) - Number((weights.get(a.id) ?? 0) >= WORKING) || str(a, "symbol").localeCompare(str(b, "symbol")));
    this.order = top.map((row) => row.id);
  }
}
