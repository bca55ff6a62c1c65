// The kill switch and the help.

import { el } from "./dom";
import { post } from "./link";
import { num, str, type Model } from "./model";

export const KEYS: [string, string][] = [
  ["/", "filter symbols"],
  ["j  k", "next, previous symbol"],
  ["o", "open orders only"],
  ["l", "latency of the next stage"],
  ["a", "acknowledge the newest alert"],
  ["t", "dark or light"],
  ["1 … 5", "panels on a narrow screen"],
  ["Shift K", "kill switch"],
  ["Esc", "close, clear"],
  ["?", "these keys"],
];

export class Help {
  private readonly dialog = el("dialog", { class: "help" });

  constructor() {
    const rows = KEYS.map(([key, what]) => el("div", {}, el("kbd", {}, key), el("span", {}, what)));
    this.dialog.append(el("h2", {}, "Keys"), ...rows);
    this.dialog.addEventListener("click", () => this.dialog.close());
    document.body.append(this.dialog);
  }

  toggle(): void {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }
}

export class Kill {
  private readonly dialog = el("dialog", { class: "killer" });
  private readonly what = el("p");
  private readonly input = el("input");
  private readonly go = el("button", { class: "kill" }, "Kill");
  private readonly result = el("p", { class: "result" });

  constructor(
    private readonly model: Model,
    private readonly say: (text: string, bad?: boolean) => void,
  ) {
    const form = el("form");
    const cancel = el("button", {}, "Cancel");
    cancel.type = "button";
    cancel.addEventListener("click", () => this.dialog.close());
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.id = "confirm";
    this.input.setAttribute("aria-label", "Host name");
    this.input.addEventListener("input", () => this.check());
    form.append(el("h2", {}, "Kill switch"), this.what, this.input, this.result, el("div", { class: "buttons" }, cancel, this.go));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.pull();
    });
    this.dialog.append(form);
    document.body.append(this.dialog);
  }

  open(): void {
    if (!this.model.may("kill")) {
      this.say(`The role ${this.model.hello?.role ?? "–"} may not pull the kill switch.`, true);
      return;
    }
    const hosts = this.hosts();
    this.what.replaceChildren(
      ...(hosts.length
        ? [`Every open order of ${hosts.length > 1 ? `all ${hosts.length} servers` : "the server"} is cancelled and no new one is sent. ${hosts.length > 1 ? "They stay" : "It stays"} up. To confirm, type ${hosts.length > 1 ? "one host’s" : "the host’s"} name: `, el("b", {}, hosts.join(" or "))]
        : ["No trading server is connected."]),
    );
    this.input.value = "";
    this.result.textContent = "";
    this.check();
    this.dialog.showModal();
    this.input.focus();
  }

  private hosts(): string[] {
    const open = [...this.model.table("servers").values()].filter((r) => num(r, "open") && str(r, "host"));
    return [...new Set(open.map((r) => str(r, "host")))];
  }

  private check(): void {
    this.go.disabled = !this.hosts().includes(this.input.value);
  }

  private async pull(): Promise<void> {
    if (this.go.disabled) return;
    this.go.disabled = true;
    const { ok, body } = await post("/api/kill", { host: this.input.value });
    if (!ok) {
      this.result.textContent = String(body["error"]);
      this.check();
      return;
    }
    this.dialog.close();
    this.say(`Kill switch: sent to ${String(body["servers"])} ${body["servers"] === 1 ? "server" : "servers"}. ${String(body["warning"] ?? "")}`, Boolean(body["warning"]));
  }
}
