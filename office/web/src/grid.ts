// A table that keeps its elements: a cell is touched only when its text or its class changes. Columns have fixed widths,
// so that a number that changes moves nothing, and only rows in sight are there.

import { el } from "./dom";

export interface Column<T> {
  head: string;
  text: (row: T) => string;
  tone?: (row: T) => string;
  title?: (row: T) => string;
  class?: string;
  /** In pixels; columns without one share what is left. */
  width?: number;
}

const ROW = 21;
const SPARE = 4;

interface Line<T> {
  element: HTMLTableRowElement;
  cells: { element: HTMLTableCellElement; text: string; tone: string; title: string }[];
  tone: string;
  row: T | undefined;
}

export class Grid<T> {
  private readonly lines: Line<T>[] = [];
  private readonly body = el("tbody");
  private readonly empty: HTMLElement;
  private all: T[] = [];
  private shown = 0;
  private sight = 20;

  constructor(
    host: HTMLElement,
    private readonly columns: Column<T>[],
    private readonly options: { empty: string; pick?: (row: T) => void; rowTone?: (row: T) => string },
  ) {
    const heads = columns.map((c) => el("th", { class: c.class ?? "" }, c.head));
    const widths = columns.map((c) => {
      const column = el("col", { class: c.class ?? "" });
      if (c.width) column.style.width = `${c.width}px`;
      return column;
    });
    // What was out of sight is drawn now: the table may not change for a long time.
    const look = (): void => {
      this.sight = Math.ceil((host.scrollTop + host.clientHeight) / ROW) + SPARE;
      if (Math.min(this.sight, this.all.length) > this.shown) this.draw(this.all);
    };
    host.addEventListener("scroll", look, { passive: true });
    new ResizeObserver(look).observe(host);
    this.empty = el("p", { class: "empty" }, options.empty);
    host.append(el("table", {}, el("colgroup", {}, ...widths), el("thead", {}, el("tr", {}, ...heads)), this.body), this.empty);
  }

  /** Show these rows, as far as they are in sight. */
  draw(all: T[]): void {
    this.all = all;
    const rows = all.length > this.sight ? all.slice(0, this.sight) : all;
    while (this.lines.length < rows.length) this.lines.push(this.line());
    rows.forEach((row, place) => this.fill(this.lines[place] as Line<T>, row));
    for (let place = rows.length; place < this.shown; place++) (this.lines[place] as Line<T>).element.hidden = true;
    for (let place = this.shown; place < rows.length; place++) (this.lines[place] as Line<T>).element.hidden = false;
    this.shown = rows.length;
    this.empty.hidden = rows.length > 0;
  }

  private fill(line: Line<T>, row: T): void {
    line.row = row;
    const tone = this.options.rowTone?.(row) ?? "";
    if (tone !== line.tone) line.element.className = line.tone = tone;
    this.columns.forEach((column, place) => {
      const cell = line.cells[place] as Line<T>["cells"][number];
      const text = column.text(row);
      if (text !== cell.text) cell.element.textContent = cell.text = text;
      const cellTone = column.tone?.(row) ?? "";
      if (cellTone !== cell.tone) {
        cell.tone = cellTone;
        cell.element.className = `${column.class ?? ""} ${cellTone}`.trim();
      }
      const title = column.title?.(row) ?? "";
      if (title !== cell.title) cell.element.title = cell.title = title;
    });
  }

  private line(): Line<T> {
    const cells = this.columns.map((c) => ({ element: el("td", { class: c.class ?? "" }), text: "", tone: "", title: "" }));
    const element = el("tr", {}, ...cells.map((cell) => cell.element));
    element.hidden = true;
    const line: Line<T> = { element, cells, tone: "", row: undefined };
    const pick = this.options.pick;
    if (pick) element.addEventListener("click", () => line.row !== undefined && pick(line.row));
    this.body.append(element);
    return line;
  }
}
