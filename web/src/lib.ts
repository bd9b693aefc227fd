// What every enhancement shares: a registry that also reaches what is swapped in later, words in two languages, small makers.

type Enhance = (element: HTMLElement) => void;
const registry: [string, Enhance][] = [];
const done = new WeakMap<Element, Set<Enhance>>();

/** Run `enhance` once for each element that matches, now or whenever it comes into the page. */
export function enhance(selector: string, run: Enhance): void {
  registry.push([selector, run]);
}

function scan(root: ParentNode): void {
  for (const [selector, run] of registry) {
    const found = [...root.querySelectorAll<HTMLElement>(selector)];
    if (root instanceof HTMLElement && root.matches(selector)) found.unshift(root);
    for (const element of found) {
      const ran = done.get(element) ?? new Set<Enhance>();
      if (ran.has(run)) continue;
      done.set(element, ran.add(run));
      try {
        run(element);
      } catch (error) {
        console.error(selector, error); // one enhancement that fails leaves the others, and the page, working
      }
    }
  }
}

export function start(): void {
  document.documentElement.classList.add("js");
  const begin = () => {
    scan(document);
    new MutationObserver((changes) => {
      for (const change of changes) for (const node of change.addedNodes) if (node instanceof HTMLElement) scan(node);
    }).observe(document.body, { childList: true, subtree: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else queueMicrotask(begin);
}

/** The words of the scripts; pages bring their own from the server. */
export const zh = document.documentElement.lang.startsWith("zh");
export const say = (chinese: string, english: string): string => (zh ? chinese : english);

export const meta = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** An icon of the sprite, from the same address that the page uses. */
export function icon(name: string): SVGSVGElement {
  const known = document.querySelector("svg.icon use")?.getAttribute("href") ?? "/assets/icons.svg#x";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", known.replace(/#.*/, `#${name}`));
  svg.append(use);
  return svg;
}

export function button(words: string, iconName: string, press: () => void, kind = ""): HTMLButtonElement {
  const element = make("button", { type: "button", class: `button ${kind}`.trim() }, icon(iconName), words);
  element.addEventListener("click", press);
  return element;
}

/** Say something to a screen reader without moving focus. */
export function announce(words: string): void {
  let region = document.getElementById("announce");
  if (!region) {
    region = make("div", { id: "announce", class: "hidden-text", role: "status" });
    document.body.append(region);
  }
  region.textContent = words;
}

export function later(run: () => void, milliseconds: number): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(run, milliseconds);
  };
}

/** localStorage that may be full, forbidden or absent. */
export const store = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key: string, value: string): void {
    try {
      localStorage.setItem(key, value);
    } catch {
      /* nothing depends on it */
    }
  },
  remove(key: string): void {
    try {
      localStorage.removeItem(key);
    } catch {
      /* nothing depends on it */
    }
  },
  keys(): string[] {
    try {
      return Object.keys(localStorage);
    } catch {
      return [];
    }
  },
};

/** Put files into a file input, as if they had been picked. */
export function setFiles(input: HTMLInputElement, files: File[]): void {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
}

/** Where a form posts, even if one of its fields is named "action". */
export const actionOf = (form: HTMLFormElement): string => new URL(form.getAttribute("action") ?? "", location.href).href;

/** Submit as if `submitter` had been pressed (Safari before 16 has no requestSubmit). */
export function submit(form: HTMLFormElement | null, submitter?: HTMLElement | null): void {
  const pressed = submitter?.isConnected ? submitter : undefined;
  if (form?.requestSubmit) form.requestSubmit(pressed);
  else (pressed ?? form?.querySelector<HTMLElement>("button:not([type=button])"))?.click();
}

/** A UUID also where the page is not served over TLS (randomUUID needs that). */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return [...bytes].map((byte, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
}
