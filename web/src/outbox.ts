// A report written without a network waits on the device, photos included, and goes out when the network is back.
// The form's idempotency key makes a second delivery harmless; the server's page names the draft that arrived.
import { actionOf, button, enhance, icon, make, meta, say, submit, uuid } from "./lib";
import { forget } from "./draft";
import { ask } from "./forms";

interface Waiting {
  key: string;
  account: string;
  action: string;
  draft: string;
  at: number;
  values: [string, FormDataEntryValue][];
  /** Why the server would not take it, if it was asked. */
  refused?: boolean;
}

function database(): Promise<IDBDatabase> {
  return new Promise((give, fail) => {
    const open = indexedDB.open("linli", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("outbox", { keyPath: "key" });
    open.onsuccess = () => give(open.result);
    open.onerror = () => fail(open.error);
  });
}
async function within<T>(mode: IDBTransactionMode, run: (box: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const base = await database();
  try {
    return await new Promise<T>((give, fail) => {
      const transaction = base.transaction("outbox", mode);
      const request = run(transaction.objectStore("outbox"));
      transaction.oncomplete = () => give(request.result);
      transaction.onerror = transaction.onabort = () => fail(transaction.error);
    });
  } finally {
    base.close();
  }
}
const mine = async () =>
  (await within<Waiting[]>("readonly", (box) => box.getAll())).filter((waiting) => waiting.account === meta("account"));

async function reachable(address: string): Promise<boolean> {
  if (!navigator.onLine) return false;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 4000);
  try {
    return (await fetch(address, { cache: "no-store", signal: abort.signal })).ok;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

let sending = false;
async function sendAll(): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    for (const waiting of await mine()) {
      if (waiting.refused) continue;
      const body = new FormData();
      for (const [name, value] of waiting.values) body.append(name, name === "csrf" ? meta("csrf") || value : value);
      let answer: Response;
      let page: string;
      try {
        answer = await fetch(waiting.action, { method: "POST", body });
        page = await answer.text();
      } catch {
        break; // still no network
      }
      const arrived = new DOMParser().parseFromString(page, "text/html").querySelector<HTMLMetaElement>('meta[name="draft-done"]');
      if (answer.ok && arrived?.content === waiting.draft) {
        await within("readwrite", (box) => box.delete(waiting.key));
        forget(waiting.draft);
        flash(say("网络恢复，刚才存下的已经送到。", "The network is back; what was kept has been delivered."), answer.url);
      } else if (answer.status < 500) {
        await within("readwrite", (box) => box.put({ ...waiting, refused: true }));
      }
    }
  } finally {
    sending = false;
  }
  await show();
}

function flash(words: string, address: string): void {
  const toast = make("div", { class: "toast s-good", role: "status" }, icon("check-circle"), make("p", {}, words), make("a", { href: address }, say("查看", "View")));
  document.querySelector("main")?.prepend(toast);
}

/** The bar at the top of the page says what waits, and lets one send or drop it. */
async function show(): Promise<void> {
  const waiting = await mine().catch(() => []);
  document.getElementById("netbar")?.remove();
  if (navigator.onLine && !waiting.length) return;
  const refused = waiting.filter((one) => one.refused).length;
  const bar = make("div", { class: "netbar", id: "netbar", role: "status" });
  const words = refused
    ? say(`有 ${refused} 件没能送出，可能需要先登录或改一改。`, `${refused} could not be delivered; you may have to sign in or change something.`)
    : waiting.length
      ? say(`有 ${waiting.length} 件存在本机，网络恢复后自动发送。`, `${waiting.length} kept on this device, sent when the network is back.`)
      : say("现在没有网络，写的内容会存在本机。", "No network. What you write is kept on this device.");
  bar.append(icon("offline"), make("span", {}, words));
  if (waiting.length) {
    bar.append(
      button(say("现在发送", "Send now"), "send", async () => {
        for (const one of waiting) await within("readwrite", (box) => box.put({ ...one, refused: false }));
        await sendAll();
      }),
      button(say("不发了", "Discard"), "trash", async () => {
        if (!(await ask(say("确定不发了？存在本机的内容会删除。", "Discard? What is kept on this device will be deleted.")))) return;
        for (const one of waiting) await within("readwrite", (box) => box.delete(one.key));
        await show();
      }),
    );
  }
  document.querySelector("header.top")?.after(bar);
}

const through = new WeakSet<HTMLFormElement>();
const trying = new WeakSet<HTMLFormElement>();
enhance("form[data-resend]", (element) => {
  const form = element as HTMLFormElement;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented || through.has(form)) return;
    const key = form.elements.namedItem("idempotency_key");
    if (!(key instanceof HTMLInputElement) || typeof indexedDB === "undefined") return;
    event.preventDefault();
    if (trying.has(form)) return;
    trying.add(form);
    const submitter = event.submitter as HTMLButtonElement | null;
    submitter?.setAttribute("aria-busy", "true");
    void (async () => {
      if (await reachable(form.dataset.resend || location.href)) {
        through.add(form);
        submitter?.removeAttribute("aria-busy");
        submit(form, submitter);
        return;
      }
      const data = new FormData(form);
      if (submitter?.name) data.append(submitter.name, submitter.value);
      data.append("offline", "1"); // the server takes it as it is: nobody is there to answer its next question
      const waiting: Waiting = {
        key: key.value,
        account: meta("account"),
        action: actionOf(form),
        draft: form.dataset.draft ?? "",
        at: Date.now(),
        values: [...data],
      };
      await within("readwrite", (box) => box.put(waiting));
      submitter?.removeAttribute("aria-busy");
      trying.delete(form);
      form.reset();
      key.value = uuid(); // what is written next is another report
      forget(waiting.draft);
      await show();
      document.getElementById("netbar")?.scrollIntoView({ block: "nearest" });
    })();
  });
});

// Only pages of someone signed in have anything to send.
enhance('meta[name="account"]', () => {
  if (typeof indexedDB === "undefined") return;
  void sendAll();
  window.addEventListener("online", () => void sendAll());
  window.addEventListener("offline", () => void show());
  setInterval(async () => {
    if ((await mine()).some((one) => !one.refused)) await sendAll();
  }, 60_000);
});
