// Alerts of surveillance and of the risk monitor, newest first, open ones on top.

import { el, panel, setClass, setText } from "./dom";
import { clock, count, words } from "./format";
import { post } from "./link";
import { num, str, type Model } from "./model";
import type { Row } from "./wire";

const SHOWN = 40;

export class Alerts {
  private readonly list = el("ul", { class: "alerts" });
  private readonly total = el("span", { class: "dim" });
  private drawn = -1;
  private open = 0;

  constructor(
    private readonly model: Model,
    private readonly say: (text: string, bad?: boolean) => void,
  ) {
    const { head, body } = panel("alerts", "Alerts");
    head.append(this.total);
    body.append(this.list);
  }

  draw(): void {
    const table = this.model.table("alerts");
    if (table.version === this.drawn) return;
    this.drawn = table.version;
    const rows = table.newest(1_000).sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || num(b, "t") - num(a, "t"));
    this.open = rows.filter(isOpen).length;
    setText(this.total, this.open ? `${count(this.open)} open` : "none open");
    this.list.replaceChildren(...rows.slice(0, SHOWN).map((row) => this.item(row)));
    if (!rows.length) this.list.append(el("li", { class: "empty" }, "No alerts."));
  }

  /** Say on the tab how many are open: on a narrow screen the panel itself is hidden. */
  count(tab: HTMLElement): void {
    setText(tab, this.open ? `Alerts (${count(this.open)})` : "Alerts");
    setClass(tab, `${tab.classList.contains("on") ? "on " : ""}${this.open ? "some" : ""}`.trim());
  }

  private item(row: Row): HTMLElement {
    const title = el("div", { class: "title" }, el("b", {}, words(str(row, "rule"))), el("span", { class: "time" }, clock(num(row, "t"))));
    const item = el("li", { class: `${str(row, "severity")} ${isOpen(row) ? "open" : "seen"}`, title: str(row, "evidence") }, title, el("p", {}, str(row, "text")));
    if (!isOpen(row)) item.append(el("p", { class: "soft" }, [str(row, "state"), str(row, "who")].filter(Boolean).join(" · ")));
    else if (this.model.may("acknowledge")) {
      const button = el("button", { class: "small" }, "Acknowledge");
      button.addEventListener("click", () => void this.acknowledge(row, button));
      title.append(button);
    }
    return item;
  }

  /** Acknowledge the newest open alert. */
  newest(): void {
    const row = this.model.table("alerts").newest(1, isOpen)[0];
    if (row && this.model.may("acknowledge")) void this.acknowledge(row);
  }

  private async acknowledge(row: Row, button?: HTMLButtonElement): Promise<void> {
    if (button) button.disabled = true;
    const { ok, body } = await post("/api/acknowledge", { alert: str(row, "alert") });
    this.say(ok ? `Acknowledged: ${words(str(row, "rule"))}` : String(body["error"]), !ok);
    if (button) button.disabled = false;
  }
}

function isOpen(row: Row): boolean {
  return row["state"] === "" || row["state"] === "open" || row["state"] === "new";
}
