// Elements. Text goes in as text only: the page has no way from data to markup.

type Child = Node | string;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: { class?: string; title?: string } = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (options.class) element.className = options.class;
  if (options.title) element.title = options.title;
  element.append(...children);
  return element;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setClass(element: Element, name: string): void {
  if (element.className !== name) element.className = name;
}

/** Give a panel its head; returns the head's right side and its body. */
export function panel(id: string, title: string): { head: HTMLElement; body: HTMLElement; section: HTMLElement } {
  const section = byId(id);
  const head = el("div", { class: "more" });
  const body = el("div", { class: "body" });
  section.replaceChildren(el("h2", {}, el("span", {}, title), head), body);
  return { head, body, section };
}
