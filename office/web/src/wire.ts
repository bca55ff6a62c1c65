// The stream's frames: `office/dashboard/client.py` writes them, the tables come in the first message.

export type Value = number | string | Uint8Array;
export interface Row {
  id: number;
  [column: string]: Value;
}
export interface Hello {
  user: string;
  role: string;
  may: string[];
  tables: { name: string; columns: [string, string][] }[];
}
export interface Frame {
  number: number;
  time: number;
  sourceRows: number;
  rows: number;
}

interface Columns {
  fixed: [string, string][];
  rest: [string, string][];
}

const text = new TextDecoder();
const HIGH = 0x1_0000_0000;

function wide(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * HIGH + view.getUint32(at, true);
}

/** One table of the page: rows by id, and whether it has changed since it was last drawn. */
export class Table {
  readonly rows = new Map<number, Row>();
  version = 0;

  *values(): IterableIterator<Row> {
    yield* this.rows.values();
  }

  /** The rows, newest first. */
  newest(limit: number, keep: (row: Row) => boolean = () => true): Row[] {
    const all = [...this.rows.values()];
    const found: Row[] = [];
    for (let i = all.length - 1; i >= 0 && found.length < limit; i--) {
      const row = all[i] as Row;
      if (keep(row)) found.push(row);
    }
    return found;
  }
}

export class Decoder {
  readonly tables: Map<string, Table>;
  private readonly byNumber: { table: Table; columns: Columns }[];

  constructor(hello: Hello) {
    this.tables = new Map();
    this.byNumber = hello.tables.map(({ name, columns }) => {
      const table = new Table();
      this.tables.set(name, table);
      const isFixed = ([, kind]: [string, string]) => kind !== "text" && kind !== "blob";
      return { table, columns: { fixed: columns.filter(isFixed), rest: columns.filter((c) => !isFixed(c)) } };
    });
  }

  /** Apply one frame to the tables. */
  apply(buffer: ArrayBuffer): Frame {
    const view = new DataView(buffer);
    const frame = { number: view.getUint32(0, true), time: view.getFloat64(4, true), sourceRows: wide(view, 12), rows: 0 };
    let at = 21;
    for (let left = view.getUint8(20); left > 0; left--) {
      const entry = this.byNumber[view.getUint8(at)];
      if (!entry) throw new Error(`a table ${view.getUint8(at)} that nobody announced`);
      const gone = view.getUint32(at + 1, true);
      const count = view.getUint32(at + 5, true);
      at += 9;
      const { table, columns } = entry;
      table.version++;
      frame.rows += count;
      for (let i = 0; i < gone; i++, at += 4) table.rows.delete(view.getUint32(at, true));
      for (let i = 0; i < count; i++) at = this.row(view, at, table, columns);
    }
    return frame;
  }

  private row(view: DataView, start: number, table: Table, columns: Columns): number {
    const id = view.getUint32(start, true);
    let at = start + 4;
    let row = table.rows.get(id);
    if (!row) table.rows.set(id, (row = { id }));
    for (const [name, kind] of columns.fixed) {
      switch (kind) {
        case "u8":
          row[name] = view.getUint8(at);
          at += 1;
          break;
        case "u32":
          row[name] = view.getUint32(at, true);
          at += 4;
          break;
        case "i64":
          row[name] = wide(view, at);
          at += 8;
          break;
        default:
          row[name] = view.getFloat64(at, true);
          at += 8;
      }
    }
    for (const [name, kind] of columns.rest) {
      const length = view.getUint16(at, true);
      const bytes = new Uint8Array(view.buffer, at + 2, length);
      row[name] = kind === "text" ? text.decode(bytes) : bytes.slice();
      at += 2 + length;
    }
    return at;
  }
}

export interface Level {
  price: number;
  shares: number;
}

/** The levels of a book: price4 (u32) and shares (u64), big-endian, bids first. */
export function levels(row: Row | undefined): { bids: Level[]; asks: Level[] } {
  if (!row) return { bids: [], asks: [] };
  const blob = row["levels"] as Uint8Array;
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const found: Level[] = [];
  for (let at = 0; at + 12 <= blob.byteLength; at += 12) {
    found.push({ price: view.getUint32(at), shares: view.getUint32(at + 4) * HIGH + view.getUint32(at + 8) });
  }
  const bids = row["bids"] as number;
  return { bids: found.slice(0, bids), asks: found.slice(bids) };
}
