// Feed health by venue and line, and what interrupts the trading CPU.

import { el, panel, setText } from "./dom";
import { age, count, short } from "./format";
import { Grid } from "./grid";
import { num, str, type Model } from "./model";
import type { Row } from "./wire";

const QUIET_MS = 2_000;
const TRADING = "interrupts_trading";
const REASONS: Record<string, string> = {
  LOC: "local timer",
  RES: "reschedule",
  CAL: "function call",
  TLB: "TLB shootdown",
  IWI: "irq work",
  NMI: "non-maskable",
  PMI: "performance counter",
  MCP: "machine check poll",
  MCE: "machine check",
  SPU: "spurious",
  HYP: "hypervisor",
};

interface Line {
  name: string;
  values: string[];
  tone: string;
  title: string;
}

const value = (names: Map<string, Row> | undefined, name: string): number => {
  const row = names?.get(name);
  return row ? num(row, "value") : 0;
};
const rate = (names: Map<string, Row> | undefined, name: string): number => {
  const row = names?.get(name);
  return row ? num(row, "rate") : 0;
};

export class Feed {
  private readonly grid: Grid<Line>;
  private readonly total = el("span", { class: "dim" });
  private readonly log: Grid<Row>;

  constructor(private readonly model: Model) {
    const { head, body } = panel("feed", "Feeds");
    head.append(this.total);
    const columns = ["Line", "Packets", "/s", "Silences", "Heard"];
    this.grid = new Grid<Line>(
      body,
      columns.map((head, place) => ({
        head,
        class: place ? "num" : "",
        width: [68, 76, 52, 60, 0][place] ?? 0,
        text: (r: Line) => (place ? (r.values[place - 1] ?? "") : r.name),
        tone: (r: Line) => (place === 0 || place === 4 ? r.tone : ""),
        title: (r: Line) => r.title,
      })),
      { empty: "No feed yet." },
    );
    this.log = new Grid<Row>(
      body,
      [
        { head: "", text: (r) => new Date(num(r, "t")).toISOString().slice(11, 19), class: "time", width: 70 },
        { head: "", text: (r) => str(r, "text"), tone: (r) => ({ fault: "bad", warn: "warn" })[str(r, "level")] ?? "soft", title: (r) => str(r, "text") },
      ],
      { empty: "" },
    );
  }

  draw(): void {
    const lines: Line[] = [];
    let messages = 0;
    for (const [key, feed] of this.model.groups("feed.")) {
      const venue = key.split("feed.")[1] ?? "";
      messages += rate(feed, "messages");
      for (const name of ["a", "b"]) {
        const row = feed.get(`line_${name}`);
        if (!row) continue;
        const since = this.model.now() - num(row, "changed");
        const silences = value(feed, `line_${name}_silences`);
        const heard = num(row, "changed") ? age(Math.max(0, since)) : num(row, "value") ? "–" : "never";
        const quiet = since > QUIET_MS && num(row, "changed") > 0;
        lines.push({
          name: `${venue === "0" ? "" : `${venue} `}${name.toUpperCase()}`,
          values: [count(num(row, "value")), short(Math.round(num(row, "rate"))), count(silences), heard],
          tone: quiet ? "warn" : "up",
          title: `${count(silences)} silences`,
        });
      }
      const lost = value(feed, "lost");
      const gaps = value(feed, "gaps");
      lines.push({
        name: "Merged",
        values: [count(value(feed, "messages")), short(Math.round(rate(feed, "messages"))), "", lost ? `${count(lost)} lost` : gaps ? `${count(gaps)} gaps` : "no gap"],
        tone: lost ? "bad" : gaps ? "warn" : "up",
        title: `${count(value(feed, "duplicates"))} duplicates, ${count(gaps)} gaps, ${count(lost)} messages lost, ${count(value(feed, "malformed"))} malformed`,
      });
    }
    this.grid.draw(lines);
    setText(this.total, lines.length ? `${short(Math.round(messages))} messages/s` : "");
    this.log.draw(this.model.table("log").newest(6));
  }
}

export class Interrupts {
  private readonly grid: Grid<Row>;
  private readonly total = el("span", { class: "dim" });

  constructor(private readonly model: Model) {
    const { head, body } = panel("interrupts", "Interrupts, trading CPU");
    head.append(this.total);
    this.grid = new Grid<Row>(
      body,
      [
        { head: "Name", text: (r) => str(r, "name"), class: "symbol", width: 64 },
        { head: "", text: (r) => REASONS[str(r, "name")] ?? "", class: "soft" },
        { head: "Count", text: (r) => count(num(r, "value")), class: "num", width: 90 },
        { head: "/s", text: (r) => num(r, "rate").toFixed(1), class: "num", width: 52, tone: (r) => (num(r, "rate") > 2 ? "warn" : num(r, "rate") > 0 ? "" : "faint") },
      ],
      { empty: "None counted." },
    );
  }

  draw(): void {
    const rows: Row[] = [];
    const groups = this.model.groups("interrupts");
    // Since it trades, where that is counted; else since it has booted.
    const trading = [...groups].filter(([key]) => key.endsWith(TRADING));
    const chosen = trading.some(([, names]) => names.size) ? trading : [...groups].filter(([key]) => !key.endsWith(TRADING));
    for (const [, names] of chosen) rows.push(...[...names.values()].filter((r) => num(r, "value") !== 0));
    rows.sort((a, b) => num(b, "value") - num(a, "value"));
    this.grid.draw(rows.slice(0, 8));
    const total = rows.reduce((sum, r) => sum + num(r, "rate"), 0);
    setText(this.total, rows.length ? `${total.toFixed(1)}/s since ${chosen === trading ? "it trades" : "boot"}` : "");
  }
}

