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

  function values(): [string, string][] {
    return fields(form).flatMap((field): [string, string][] => (isBox(field) && !field.checked ? [] : [[field.name, field.value]]));
  }
  const save = () => {
    const now = JSON.stringify(values());
    if (now === initial) store.remove(key);
    else store.set(key, JSON.stringify({ at: Date.now(), values: values() }));
  };
  form.addEventListener("input", later(save, 400));
  window.addEventListener("pagehide", () => JSON.stringify(values()) !== initial && save());

  const kept = store.get(key);
  // A page that came back with errors already carries what was typed.
  if (!kept || form.querySelector(".has-error")) return;
  try {
    const draft = JSON.parse(kept) as { at: number; values: [string, string][] };
    if (Date.now() - draft.at > WEEK) return store.remove(key);
    const left = [...draft.values];
    for (const field of fields(form)) {
      const i = left.findIndex(([name, value]) => name === field.name && (!isBox(field) || value === field.value));
      if (isBox(field)) field.checked = i >= 0;
      else if (i >= 0) field.value = left[i]?.[1] ?? "";
      if (i >= 0) left.splice(i, 1);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  } catch {
    return store.remove(key);
  }
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
