// The ladder of the chosen book: five levels a side, their size as bars, our own orders beside them.

import { el, panel, setClass, setText } from "./dom";
import { age, count, price, signed } from "./format";
import { num, str, type Model } from "./model";
import { levels, type Level } from "./wire";

const LEVELS = 5;

interface Line {
  row: HTMLElement;
  own: HTMLElement;
  shares: HTMLElement;
  price: HTMLElement;
  bar: HTMLElement;
}

function line(kind: string): Line {
  const bar = el("i", { class: "bar" });
  const own = el("span", { class: "own", title: "Our shares at this price" });
  const shares = el("span", { class: "num" });
  const at = el("span", { class: "num at" });
  return { row: el("div", { class: `level ${kind}` }, bar, own, shares, at), own, shares, price: at, bar };
}

export class Book {
  private readonly asks: Line[] = [];
  private readonly bids: Line[] = [];
  private readonly symbol = el("strong", { class: "symbol" });
  private readonly age = el("span", { class: "dim" });
  private readonly spread = el("div", { class: "spread" });
  private readonly figures = el("dl", { class: "pairs" });
  private readonly values = new Map<string, HTMLElement>();

  constructor(private readonly model: Model) {
    const { head, body } = panel("book", "Book");
    head.append(this.age, this.symbol);
    const ladder = el("div", { class: "ladder" });
    for (let i = 0; i < LEVELS; i++) {
      this.asks.push(line("ask"));
      this.bids.push(line("bid"));
    }
    const heads = el("div", { class: "level heads" }, el("span", {}, "Own"), el("span", { class: "num" }, "Shares"), el("span", { class: "num" }, "Price"));
    ladder.append(heads, ...[...this.asks].reverse().map((l) => l.row), this.spread, ...this.bids.map((l) => l.row));
    for (const name of ["Last", "Imbalance", "Updates", "Position"]) {
      const value = el("dd", {});
      this.values.set(name, value);
      this.figures.append(el("div", {}, el("dt", {}, name), value));
    }
    body.append(ladder, this.figures);
  }

  draw(): void {
    const top = this.model.book();
    setText(this.symbol, top ? str(top, "symbol") : "–");
    setText(this.age, top ? age(Math.max(0, this.model.now() - num(top, "t"))) : "");
    const { bids, asks } = levels(this.model.table("ladder").rows.get(this.model.selected));
    const own = this.own();
    const most = Math.max(1, ...bids.map((l) => l.shares), ...asks.map((l) => l.shares));
    this.asks.forEach((l, i) => this.level(l, asks[i], most, own.get(`S${asks[i]?.price}`)));
    this.bids.forEach((l, i) => this.level(l, bids[i], most, own.get(`B${bids[i]?.price}`)));
    this.summary(bids, asks);
  }

  private level(shown: Line, found: Level | undefined, most: number, own: number | undefined): void {
    setText(shown.price, found ? price(found.price) : "");
    setText(shown.shares, found ? count(found.shares) : "");
    setText(shown.own, own ? count(own) : "");
    const width = found ? `${Math.round((100 * found.shares) / most)}%` : "0";
    if (shown.bar.style.width !== width) shown.bar.style.width = width;
  }

  private own(): Map<string, number> {
    const top = this.model.book();
    const found = new Map<string, number>();
    if (!top) return found;
    for (const row of this.model.table("orders").values()) {
      if (!row["open"] || row["symbol"] !== top["symbol"] || row["server"] !== top["server"]) continue;
      const key = `${row["side"] === "B" ? "B" : "S"}${row["price"]}`;
      found.set(key, (found.get(key) ?? 0) + num(row, "leaves"));
    }
    return found;
  }

  private summary(bids: Level[], asks: Level[]): void {
    const top = this.model.book();
    const bid = bids[0]?.price ?? 0;
    const ask = asks[0]?.price ?? 0;
    const spread = ask - bid;
    const both = bid && ask;
    setText(this.spread, both ? `${price((bid + ask) / 2)}   ${price(spread) || "0.00"} · ${((2e4 * spread) / (bid + ask)).toFixed(1)} bp` : "one-sided");
    const buy = bids.reduce((sum, l) => sum + l.shares, 0);
    const sell = asks.reduce((sum, l) => sum + l.shares, 0);
    const lean = buy + sell ? (100 * (buy - sell)) / (buy + sell) : 0;
    this.set("Last", top ? price(num(top, "last")) || "–" : "–");
    this.set("Imbalance", buy + sell ? `${signed(Math.round(lean))}\u00a0%` : "–", lean > 0 ? "up" : lean < 0 ? "down" : "");
    this.set("Updates", top ? count(num(top, "updates")) : "–");
    const held = [...this.model.table("positions").values()].find((r) => r["symbol"] === top?.["symbol"] && r["server"] === top?.["server"]);
    this.set("Position", held ? count(num(held, "shares")) : "0");
  }

  private set(name: string, text: string, tone = ""): void {
    const element = this.values.get(name);
    if (!element) return;
    setText(element, text);
    setClass(element, tone);
  }
}
