// The WebSocket: frames in, acknowledgements out. A frame is acknowledged when it has been drawn, so a slow browser is
// sent fewer of them; a hidden page draws nothing and acknowledges at once.

import { Decoder, type Frame, type Hello } from "./wire";

const LOGGED_OUT = 4401;
const CHANGED = 4409;
const LONGEST_MS = 4_000;

export interface Listener {
  began(hello: Hello, decoder: Decoder): void;
  came(frame: Frame): void;
  lost(): void;
}

export class Link {
  private socket: WebSocket | undefined;
  private decoder: Decoder | undefined;
  private drawn = 0;
  private newest = 0;
  private wait = 250;
  private selected = 0;

  constructor(private readonly listener: Listener) {
    document.addEventListener("visibilitychange", () => this.acknowledge());
  }

  open(): void {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/stream`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.message(event.data);
    socket.onclose = (event) => void this.closed(event.code);
    this.socket = socket;
    this.decoder = undefined;
    this.drawn = this.newest = 0;
  }

  /** The page has drawn all that came. */
  acknowledge(): void {
    if (this.newest > this.drawn && this.socket?.readyState === WebSocket.OPEN) {
      this.drawn = this.newest;
      this.socket.send(`{"ack":${this.drawn}}`);
    }
  }

  select(book: number): void {
    this.selected = book;
    if (this.decoder && this.socket?.readyState === WebSocket.OPEN) this.socket.send(`{"select":${book}}`);
  }

  private message(data: string | ArrayBuffer): void {
    if (typeof data === "string") {
      const hello = JSON.parse(data) as Hello;
      this.decoder = new Decoder(hello);
      this.wait = 250;
      this.listener.began(hello, this.decoder);
      if (this.selected) this.select(this.selected);
      return;
    }
    if (!this.decoder) return;
    const frame = this.decoder.apply(data);
    this.newest = frame.number;
    this.listener.came(frame);
    if (document.hidden) this.acknowledge();
  }

  private async closed(code: number): Promise<void> {
    this.listener.lost();
    if (code === LOGGED_OUT) return location.replace("/login");
    if (code === CHANGED) return location.reload();
    await new Promise((done) => setTimeout(done, this.wait));
    this.wait = Math.min(2 * this.wait, LONGEST_MS);
    try {
      const answer = await fetch("/", { method: "HEAD", redirect: "manual" });
      if (answer.type === "opaqueredirect") return location.replace("/login");
    } catch {
      // the office does not answer: try again
    }
    this.open();
  }
}

export async function post(path: string, body: object): Promise<{ ok: boolean; body: Record<string, unknown> }> {
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const found = answer.status === 204 ? {} : ((await answer.json()) as Record<string, unknown>);
    return { ok: answer.ok, body: found };
  } catch {
    return { ok: false, body: { error: "the office does not answer" } };
  }
}
