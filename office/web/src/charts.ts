// Courses over time: latency percentiles of a stage, and profit.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { el, panel, setClass, setText } from "./dom";
import { clock, count, duration, MINUS, money } from "./format";
import { num, type Model } from "./model";
import { colour } from "./theme";

const STAGES: [string, string][] = [
  ["tick_to_trade", "Tick to order"],
  ["frame_parsed", "Frame parsed"],
  ["book_updated", "Book updated"],
  ["decision", "Decision"],
  ["risk_passed", "Risk passed"],
  ["doorbell", "Doorbell"],
];
const LINES: [string, string][] = [
  ["p50", "chart-1"],
  ["p90", "chart-2"],
  ["p99", "chart-3"],
  ["p999", "chart-4"],
];

type Data = uPlot.AlignedData;

/** 1, 2 and 5 of each power of ten between two values. */
function steps(low: number, high: number): number[] {
  const found: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
    for (const step of [power, 2 * power, 5 * power]) if (step >= low && step <= high) found.push(Math.round(step));
  }
  return found;
}

/** A range that has both values and zero, and is a dollar wide at least. */
function around(low: number, high: number): [number, number] {
  const [from, to] = [Math.min(low, 0), Math.max(high, 0)];
  const room = Math.max((to - from) / 10, 5_000);
  return [from - room, to + room];
}

const round = (ns: number): string => duration(ns).replace(/\.0+(?= )|(\.\d*?)0+(?= )/, "$1");

/** A plot that fills its host, redrawn when its data or the theme changes. */
abstract class Chart {
  private plot: uPlot | undefined;
  private readonly host = el("div", { class: "plot" });

  protected mount(body: HTMLElement): void {
    body.append(this.host);
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(this.host);
  }

  abstract options(): Partial<uPlot.Options> & { series: uPlot.Series[] };

  restyle(): void {
    this.clear();
  }

  private clear(): void {
    this.plot?.destroy();
    this.plot = undefined;
  }

  protected show(data: Data): void {
    if (!this.host.clientWidth) return;
    if (data[0].length < 2) this.clear();
    else if (this.plot) this.plot.setData(data);
    else this.plot = new uPlot({ ...this.size(), ...this.options() }, data, this.host);
  }

  private size(): { width: number; height: number } {
    return { width: this.host.clientWidth, height: this.host.clientHeight };
  }

  protected axis(more: uPlot.Axis): uPlot.Axis {
    return {
      stroke: colour("dim"),
      font: "10px ui-sans-serif, system-ui, sans-serif",
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      ...more,
    };
  }

  protected time(): uPlot.Axis {
    return this.axis({ size: 20, space: 70, grid: { show: false }, values: (_, ticks) => ticks.map((t) => clock(t * 1000, 0)) });
  }
}

export class Latency extends Chart {
  private readonly stage = el("button", { class: "toggle on", title: "Next stage (l)" });
  private readonly values = new Map<string, HTMLElement>();
  private drawn = "";

  constructor(private readonly model: Model) {
    super();
    const { head, body } = panel("latency", "Latency");
    head.append(this.stage);
    const legend = el("dl", { class: "legend" });
    for (const [name, tone] of [...LINES, ["max", "dim"], ["count", "dim"]] as [string, string][]) {
      const value = el("dd", {}, "–");
      this.values.set(name, value);
      legend.append(el("div", {}, el("dt", { class: tone }, name === "p999" ? "p99.9" : name === "count" ? "n" : name), value));
    }
    body.append(legend);
    this.mount(body);
    this.stage.addEventListener("click", () => this.next());
  }

  next(): void {
    this.model.stage = (this.model.stage + 1) % STAGES.length;
    this.restyle();
  }

  override restyle(): void {
    super.restyle();
    this.drawn = "";
  }

  options(): Partial<uPlot.Options> & { series: uPlot.Series[] } {
    return {
      legend: { show: false },
      cursor: { points: { size: 5 }, drag: { x: false, y: false } },
      padding: [8, 26, 0, 0],
      scales: { x: { time: true }, y: { distr: 3, log: 10, range: (_, low, high) => [(low || 1) * 0.85, (high || 10) * 1.2] } },
      axes: [
        this.time(),
        this.axis({ size: 48, splits: (_, __, low, high) => steps(low, high), values: (_, ticks) => ticks.map(round) }),
      ],
      series: [{}, ...LINES.map(([name, tone]) => ({ label: name, stroke: colour(tone), width: 1.25, points: { show: false } }))],
    };
  }

  draw(): void {
    const table = this.model.table("latency");
    const [stage, title] = STAGES[this.model.stage] as [string, string];
    const mark = `${stage} ${table.version} ${this.model.book()?.["server"] ?? ""}`;
    if (mark === this.drawn) return;
    this.drawn = mark;
    setText(this.stage, title);
    const server = this.model.book()?.["server"];
    const rows = [...table.values()].filter((r) => r["name"] === stage && (server === undefined || r["server"] === server));
    const last = rows.at(-1);
    for (const [name, element] of this.values) {
      setText(element, last ? (name === "count" ? count(num(last, "count")) : duration(num(last, name))) : "–");
    }
    this.show([rows.map((r) => num(r, "t") / 1000), ...LINES.map(([name]) => rows.map((r) => num(r, name) || 1))]);
  }
}

export class Profit extends Chart {
  private readonly total = el("strong");
  private drawn = -1;

  constructor(private readonly model: Model) {
    super();
    const { head, body } = panel("pnl", "Profit and loss");
    head.append(this.total);
    this.mount(body);
  }

  options(): Partial<uPlot.Options> & { series: uPlot.Series[] } {
    return {
      legend: { show: false },
      cursor: { points: { size: 5 }, drag: { x: false, y: false } },
      padding: [8, 26, 0, 0],
      scales: { x: { time: true }, y: { range: (_, low, high) => around(low, high) } },
      axes: [this.time(), this.axis({ size: 48, values: (_, ticks) => ticks.map((t) => (t / 10_000).toLocaleString("en-US").replace("-", MINUS)) })],
      series: [
        {},
        { label: "total", stroke: colour("accent"), width: 1.5, fill: colour("accent-soft"), points: { show: false } },
        { label: "realised", stroke: colour("dim"), width: 1, dash: [3, 3], points: { show: false } },
      ],
    };
  }

  override restyle(): void {
    super.restyle();
    this.drawn = -1;
  }

  draw(): void {
    const total = this.model.profit();
    setText(this.total, money(total));
    setClass(this.total, total > 0 ? "up" : total < 0 ? "down" : "");
    const table = this.model.table("pnl");
    if (table.version === this.drawn) return;
    this.drawn = table.version;
    const rows = [...table.values()];
    this.show([rows.map((r) => num(r, "t") / 1000), rows.map((r) => num(r, "total")), rows.map((r) => num(r, "realised"))]);
  }
}

