// What all panels look at: the tables, and what is chosen.

import { Table, type Hello, type Row } from "./wire";

const NONE = new Table();
export const WORKING = 1e15;
const HELD = 2e15;

export class Model {
  hello: Hello | undefined;
  tables = new Map<string, Table>();
  selected = 0;
  wanted = "";
  stage = 0;
  onlyOpen = false;
  filter = "";
  connected = false;
  lastFrame = 0;
  offset = 0;
  sourceRate = 0;
  frameRate = 0;
  rowRate = 0;

  table(name: string): Table {
    return this.tables.get(name) ?? NONE;
  }

  book(): Row | undefined {
    return this.table("books").rows.get(this.selected);
  }

  may(action: string): boolean {
    return this.hello?.may.includes(action) ?? false;
  }

  /** Now, by the office's clock. */
  now(): number {
    return Date.now() + this.offset;
  }

  host(server: number): string {
    return (this.table("servers").rows.get(server)?.["host"] as string | undefined) ?? "";
  }

  /** Profit at the mark, of the positions that are shown. */
  profit(): number {
    let total = 0;
    for (const row of this.table("positions").values()) total += num(row, "total");
    return total;
  }

  /** How much a book matters: what is held first, then what has open orders, then what moves most. */
  interest(): (book: Row) => number {
    const key = (row: Row): string => `${row["server"]} ${row["symbol"]}`;
    const found = new Map<string, number>();
    for (const row of this.table("orders").values()) if (row["open"]) found.set(key(row), WORKING);
    for (const row of this.table("positions").values()) if (num(row, "shares")) found.set(key(row), HELD);
    return (book) => (found.get(key(book)) ?? 0) + num(book, "updates");
  }

  /** Counters of the groups that begin with a name, as `group` → `name` → row. */
  groups(prefix: string): Map<string, Map<string, Row>> {
    const found = new Map<string, Map<string, Row>>();
    for (const row of this.table("counters").values()) {
      const group = row["group"] as string;
      if (!group.startsWith(prefix)) continue;
      const key = `${row["server"]} ${group}`;
      let names = found.get(key);
      if (!names) found.set(key, (names = new Map()));
      names.set(row["name"] as string, row);
    }
    return found;
  }
}

export const num = (row: Row, name: string): number => row[name] as number;
export const str = (row: Row, name: string): string => row[name] as string;
export const side = (row: Row): string => (row["side"] === "B" ? "buy" : "sell");
