// The bar on top: which server, how fresh, the figures that matter; and the line at the foot.

import { byId, el, setClass, setText } from "./dom";
import { age, clock, count, money, short } from "./format";
import { num, str, type Model } from "./model";
import type { Row } from "./wire";

const STALE_MS = 2_000;
const TOTALS = ["messages", "orders", "executions", "decisions", "refused"] as const;
const NAMES = ["P&L", "Open", "Fills", "Refused", "Messages/s"] as const;

export class Bar {
  private readonly values = new Map<string, HTMLElement>();
  private readonly foot = { left: el("span"), right: el("span") };
  private readonly totals = new Map<string, HTMLElement>();

  constructor(private readonly model: Model) {
    const list = byId("figures");
    for (const name of NAMES) {
      const value = el("dd", {}, "–");
      this.values.set(name, value);
      list.append(el("div", {}, el("dt", {}, name), value));
    }
    const left = el("span", { class: "totals" }, this.foot.left);
    for (const name of TOTALS) {
      const value = el("b");
      value.dataset["total"] = name;
      this.totals.set(name, value);
      left.append(el("span", {}, value, ` ${name}`));
    }
    byId("foot").append(left, this.foot.right);
  }

  draw(): void {
    const servers = [...this.model.table("servers").values()];
    const server = servers.find((r) => r.id === this.model.book()?.["server"]) ?? servers.at(-1);
    setText(byId("host"), server ? str(server, "host") || "–" : "–");
    this.state(server);
    this.badge(servers);
    setText(byId("clock"), `${clock(this.model.now(), 0)} UTC`);
    const hello = this.model.hello;
    if (hello) setText(byId("user"), `${hello.user} · ${hello.role}`);
    byId("kill").hidden = hello !== undefined && !this.model.may("kill");
    this.figures();
    setText(this.foot.left, server ? `session ${str(server, "session")} · journal ${str(server, "journal")} · ${count(num(server, "lost"))} lost` : "");
    setText(this.foot.right, `${this.model.frameRate.toFixed(0)} frames/s · ${short(this.model.rowRate)} rows/s drawn · ${short(this.model.sourceRate)}/s from the office`);
  }

  private state(server: Row | undefined): void {
    const element = byId("state");
    if (!server) return setText(element, "no server yet");
    const killed = num(server, "killed") !== 0;
    const ended = str(server, "ended");
    const text = ended ? `ended: ${ended}${killed ? " (killed)" : ""}` : killed ? "KILLED" : str(server, "state") || "connected";
    setText(element, text);
    setClass(element, ended ? `state ${num(server, "failed") ? "bad" : ""}` : killed ? "badge bad" : `state ${str(server, "state") === "trading" ? "up" : ""}`);
    const title = `${str(server, "host")} ${ended ? "ended" : text} – Trading office`;
    if (document.title !== title) document.title = title;
  }

  private badge(servers: Row[]): void {
    const since = performance.now() - this.model.lastFrame;
    const open = servers.filter((r) => num(r, "open"));
    const old = open.filter((r) => num(r, "stale"));
    let found: [string, string];
    if (!this.model.connected) found = ["bad", this.model.lastFrame ? `OFFLINE ${age(since)}` : "CONNECTING"];
    else if (since > STALE_MS) found = ["bad", `NO DATA ${age(since)}`];
    else if (!servers.length) found = ["wait", "NO SERVER"];
    else if (servers.every((r) => str(r, "ended"))) found = servers.some((r) => num(r, "failed")) ? ["bad", "FAILED"] : ["wait", "ENDED"];
    else if (!open.length) found = ["bad", "SERVER GONE"];
    else if (old.length) found = ["warn", `STALE ${age(this.model.now() - Math.min(...old.map((r) => num(r, "seen"))))}`];
    else found = ["live", "LIVE"];
    const badge = byId("badge");
    setText(badge, found[1]);
    setClass(badge, `badge ${found[0]}`);
    const stale = found[0] === "bad" || found[0] === "warn" ? "yes" : "no";
    if (document.body.dataset["stale"] !== stale) document.body.dataset["stale"] = stale;
  }

  private figures(): void {
    const pnl = this.model.profit();
    let open = 0;
    for (const row of this.model.table("orders").values()) open += num(row, "open");
    let messages = 0;
    let received = 0;
    for (const names of this.model.groups("feed.").values()) {
      messages += num(names.get("messages") ?? { id: 0, rate: 0 }, "rate");
      received += num(names.get("messages") ?? { id: 0, value: 0 }, "value");
    }
    const total = (name: string): number => [...this.model.table("servers").values()].reduce((sum, row) => sum + num(row, name), 0);
    for (const [name, element] of this.totals) setText(element, count(name === "messages" ? received : total(name)));
    this.set("P&L", money(pnl), pnl > 0 ? "up" : pnl < 0 ? "down" : "");
    this.set("Open", count(open));
    this.set("Fills", count(total("executions")));
    this.set("Refused", count(total("refused")), total("refused") ? "warn" : "");
    this.set("Messages/s", short(Math.round(messages)));
  }

  private set(name: string, text: string, tone = ""): void {
    const element = this.values.get(name);
    if (!element) return;
    setText(element, text);
    setClass(element, tone);
  }
}
