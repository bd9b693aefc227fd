// An address box that suggests while one types (ARIA combobox with listbox); the plain selects below it remain the truth.
import { announce, enhance, later, make, say } from "./lib";

interface Suggestion {
  value?: string;
  label: string;
  note?: string;
  /** Names of other fields of the form and what to put into them. */
  fill?: Record<string, string>;
  /** With `data-go`: where to go. */
  href?: string;
}
let count = 0;

enhance("[data-suggest]", (box) => {
  const input = box.querySelector<HTMLInputElement>("input:not([type=hidden])");
  if (!input) return;
  const id = `suggest-${++count}`;
  const list = make("ul", { role: "listbox", id, "aria-label": say("建议", "Suggestions") });
  list.hidden = true;
  box.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-controls": id,
    "aria-expanded": "false",
  }))
    input.setAttribute(name, value);

  let found: Suggestion[] = [];
  let at = -1;
  let asking: AbortController | undefined;

  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (next: number) => {
    at = next;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    const option = list.children[at];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };
  const choose = (chosen: Suggestion | undefined) => {
    if (!chosen) return;
    if (box.hasAttribute("data-go") && chosen.href) return location.assign(chosen.href);
    input.value = chosen.label;
    const into = document.querySelector<HTMLInputElement>(box.dataset.into ?? "");
    const set = (field: Element | RadioNodeList | null, value: string, label: string) => {
      if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) return;
      if (field instanceof HTMLSelectElement && ![...field.options].some((o) => o.value === value)) field.add(new Option(label, value));
      field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    };
    if (into) set(into, chosen.value ?? "", chosen.label);
    for (const [name, value] of Object.entries(chosen.fill ?? {})) set(input.form?.elements.namedItem(name) ?? null, value, value);
    close();
    announce(say(`已选 ${chosen.label}`, `${chosen.label} chosen`));
  };
  /** What the select already offers, found by any part of its name. */
  const nearby = (words: string): Suggestion[] => {
    const into = document.querySelector(box.dataset.into ?? "");
    if (!(into instanceof HTMLSelectElement)) return [];
    const hits = [...into.options].filter((o) => o.value && o.text.replace(/\s/g, "").includes(words.replace(/\s/g, "")));
    return hits.map((o) => ({ value: o.value, label: o.text }));
  };
  const ask = later(async () => {
    const words = input.value.trim();
    asking?.abort();
    if (!words) return close();
    asking = new AbortController();
    try {
      const address = new URL(box.dataset.suggest ?? "", location.href);
      address.searchParams.set("q", words);
      const answer = await fetch(address, {
        headers: { accept: "application/json" },
        signal: asking.signal,
      });
      if (!answer.ok) return close();
      const near = nearby(words);
      const far = (await answer.json()) as Suggestion[];
      found = [...near, ...far.filter((one) => !near.some((known) => known.value === one.value))].slice(0, 10);
    } catch {
      return; // superseded or offline: the selects are there
    }
    list.replaceChildren(
      ...found.map((one, i) => {
        const option = make("li", { role: "option", id: `${id}-${i}`, "aria-selected": "false" }, one.label);
        if (one.note) option.append(make("small", {}, one.note));
        option.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps focus in the box
        option.addEventListener("click", () => choose(one));
        return option;
      }),
    );
    at = -1;
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    announce(found.length ? say(`${found.length} 个建议`, `${found.length} suggestions`) : say("没有找到", "Nothing found"));
  }, 180);

  input.addEventListener("input", (event) => {
    if (!(event as InputEvent).isComposing) ask();
  });
  input.addEventListener("compositionend", ask);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return ask();
      const n = found.length;
      mark(event.key === "ArrowDown" ? (at + 1) % n : (at <= 0 ? n : at) - 1);
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      choose(found[at < 0 ? 0 : at]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      close();
    }
  });
});
