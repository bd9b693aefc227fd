// What was typed and not sent comes back, on this device, for seven days. Never passwords, hidden fields or files.
import { button, enhance, later, make, meta, say, store } from "./lib";

const WEEK = 7 * 24 * 3_600_000;
const PREFIX = "linli.draft.";
const keyOf = (key: string) => `${PREFIX}${meta("account")}.${key}`;
type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const fields = (form: HTMLFormElement) =>
  ([...form.elements] as Field[]).filter(
    (field) => field.name && !field.hasAttribute("data-nodraft") && field.matches("textarea, select, input:not([type=password],[type=hidden],[type=file],[type=submit])"),
  );
const isBox = (field: Field): field is HTMLInputElement => field instanceof HTMLInputElement && (field.type === "radio" || field.type === "checkbox");

export function forget(key: string): void {
  store.remove(keyOf(key));
}

enhance("form[data-draft]", (element) => {
  const form = element as HTMLFormElement;
  const key = keyOf(form.dataset.draft ?? "");
  const initial = JSON.stringify(values());
  type Value = [name: string, value: string, label?: string];
  interface Draft {
    at: number;
    /** The fields it covers: a form may be one step of several that share a draft. */
    names: string[];
    values: Value[];
  }

  function values(): Value[] {
    return fields(form).flatMap((field): Value[] => {
      if (isBox(field)) return field.checked ? [[field.name, field.value]] : [];
      return [field instanceof HTMLSelectElement ? [field.name, field.value, field.selectedOptions[0]?.text ?? ""] : [field.name, field.value]];
    });
  }
  const read = (): Draft | undefined => {
    try {
      const draft = JSON.parse(store.get(key) ?? "null") as Draft | null;
      return draft && Array.isArray(draft.names) && Date.now() - draft.at < WEEK ? draft : undefined;
    } catch {
      return undefined;
    }
  };
  const save = () => {
    const own = fields(form).map((field) => field.name);
    const before = read();
    const kept = before?.values.filter(([name]) => !own.includes(name)) ?? [];
    if (!kept.length && JSON.stringify(values()) === initial) return store.remove(key);
    const names = [...new Set([...own, ...(before?.names ?? [])])];
    store.set(key, JSON.stringify({ at: Date.now(), names, values: [...kept, ...values()] } satisfies Draft));
  };
  form.addEventListener("input", later(save, 400));
  form.addEventListener("change", later(save, 400));
  window.addEventListener("pagehide", () => JSON.stringify(values()) !== initial && save());

  const draft = read();
  // A page that came back with errors already carries what was typed.
  if (!draft || form.querySelector(".has-error")) return;
  const left = [...draft.values];
  for (const field of fields(form)) {
    if (!draft.names.includes(field.name)) continue;
    const i = left.findIndex(([name, value]) => name === field.name && (!isBox(field) || value === field.value));
    if (isBox(field)) field.checked = i >= 0;
    else if (i >= 0) {
      const [, value = "", label = ""] = left[i] ?? [];
      // A place found by searching is not among the options of a fresh page.
      if (field instanceof HTMLSelectElement && ![...field.options].some((o) => o.value === value)) field.add(new Option(label, value));
      field.value = value;
    }
    if (i >= 0) left.splice(i, 1);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (JSON.stringify(values()) === initial) return;
  const drop = button(
    say("不要了，重新写", "Start afresh"),
    "trash",
    () => {
      store.remove(key);
      form.reset();
      for (const field of fields(form)) field.dispatchEvent(new Event("input", { bubbles: true }));
      bar.remove();
    },
    "is-quiet",
  );
  const bar = make("p", { class: "draftbar", role: "status" }, make("span", {}, say("已恢复您上次没写完的内容", "Restored what you had not sent")), drop);
  form.prepend(bar);
});

// The server says which draft has arrived; signing out on a shared phone forgets everything.
enhance('meta[name="draft-done"]', (done) => forget((done as HTMLMetaElement).content));
enhance("form[data-forget]", (form) =>
  form.addEventListener("submit", () => {
    for (const key of store.keys()) if (key.startsWith(PREFIX)) store.remove(key);
    indexedDB.deleteDatabase("linli");
  }),
);
