/** What an element may be given; text is always text, never markup. */
export interface Parts {
  readonly class?: string;
  readonly text?: string;
  readonly title?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

type Child = Node | undefined;

/** Makes an HTML element. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { class: name, text, title, attributes = {} }: Parts = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (name !== undefined) made.className = name;
  if (text !== undefined) made.textContent = text;
  if (title !== undefined) made.title = title;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Makes an SVG element. */
export function drawn(
  tag: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly Child[]
): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  // the namespace makes it one
  const svg = made as SVGElement;
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, String(value));
  svg.append(...children.filter((child) => child !== undefined));
  return svg;
}

/** The element of the page that has this id. @throws Error when the page has none */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${id}`);
}

/** Changes a text only where it differs, so that a screen reader and a selection are left in peace. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
