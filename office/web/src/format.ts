// Numbers and times as text. Prices are 1/10,000 dollar, money is price times shares in the same unit.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

export const MINUS = "\u2212";

export const count = (value: number): string => whole.format(value).replace("-", MINUS);
export const short = (value: number): string => (Math.abs(value) < 10_000 ? count(value) : compact.format(value));

/** Two decimals, four where the price has them; nothing for no price. */
export function price(value: number): string {
  if (!value) return "";
  return value % 100 === 0 ? (value / 10_000).toFixed(2) : (value / 10_000).toFixed(4);
}

export function money(value: number, sign = true): string {
  const dollars = value / 10_000;
  const digits = cents.format(Math.abs(dollars));
  if (digits === "0.00") return digits;
  return (dollars < 0 ? MINUS : sign ? "+" : "") + digits;
}

export function signed(value: number): string {
  return value > 0 ? `+${whole.format(value)}` : count(value);
}

const two = (value: number): string => String(value).padStart(2, "0");

/** Time of day, UTC, with so many decimals of the second. */
export function clock(ms: number, decimals = 3): string {
  if (!ms) return "";
  const date = new Date(ms);
  const base = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  if (!decimals) return base;
  const fraction = (((ms % 1000) + 1000) % 1000) / 1000;
  return base + Math.min(fraction, 1 - 10 ** -decimals).toFixed(decimals).slice(1);
}

/** A duration in ns with three digits and its unit. */
export function duration(ns: number): string {
  if (!Number.isFinite(ns)) return "";
  const units: [number, string][] = [
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
  ];
  for (const [size, unit] of units) {
    if (ns >= size) return `${ns >= 1000 * size ? Math.round(ns / size) : (ns / size).toPrecision(3)} ${unit}`;
  }
  return `${Math.round(ns)} ns`;
}

export function age(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  return `${Math.floor(ms / 3_600_000)} h`;
}

export const words = (name: string): string => name.replaceAll("_", " ").replace(".", ": ");
