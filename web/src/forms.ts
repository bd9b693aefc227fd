// Submitting: ask first, wait for what is being prepared, send once.
import { button, enhance, make, say, submit } from "./lib";

/** Work (shrinking a photo, closing a recording) that a form's submission waits for. */
export const pending = new WeakMap<HTMLFormElement, Set<Promise<unknown>>>();
export function waitFor(form: HTMLFormElement | null, work: Promise<unknown>): void {
  if (!form) return;
  const works = pending.get(form) ?? new Set();
  pending.set(form, works.add(work));
  void work.finally(() => works.delete(work));
}

export function ask(question: string): Promise<boolean> {
  return new Promise((answer) => {
    const dialog = make("dialog", { class: "dialog", "aria-labelledby": "ask-words" }, make("p", { id: "ask-words" }, question));
    const end = (yes: boolean) => () => {
      dialog.close();
      answer(yes);
    };
    dialog.append(make("div", { class: "buttons" }, button(say("确定", "Yes"), "check", end(true), "is-main"), button(say("取消", "Cancel"), "cross", end(false))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(false); // Escape; a second answer changes nothing
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const agreed = new WeakSet<HTMLFormElement>();
const sent = new WeakSet<HTMLFormElement>();

// In the capture phase, so that htmx and the outbox see only what was agreed to and is complete.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target as HTMLFormElement;
    const submitter = event.submitter as HTMLButtonElement | null;
    const again = () => submit(form, submitter);
    const stop = () => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    const question = submitter?.dataset.confirm ?? form.dataset.confirm;
    if (question && !agreed.has(form)) {
      stop();
      void ask(question).then((yes) => {
        if (!yes) return;
        agreed.add(form);
        again();
      });
      return;
    }
    const works = pending.get(form);
    if (works?.size) {
      stop();
      submitter?.setAttribute("aria-busy", "true");
      void Promise.allSettled([...works]).then(() => {
        submitter?.removeAttribute("aria-busy");
        again();
      });
      return;
    }
    agreed.delete(form);
    if (sent.has(form)) stop();
  },
  true,
);

// Last of all: what goes to the server goes once. The button stays enabled, so that its value is sent.
window.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.getAttribute("method") !== "post" || form.hasAttribute("data-many") || form.hasAttribute("target")) return;
  sent.add(form);
  event.submitter?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) sent.delete(form);
  for (const busy of document.querySelectorAll("form [aria-busy]")) busy.removeAttribute("aria-busy");
});

// A select that narrows the next one (address, category) reloads at once where scripts run; the button remains for the rest.
enhance("select[data-autosubmit]", (select) => select.addEventListener("change", () => submit((select as HTMLSelectElement).form)));
