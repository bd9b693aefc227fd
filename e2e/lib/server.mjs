// A demo district of its own for one run: `linli demo`, then `linli serve` on a free port, in a directory that is removed afterwards.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

function freePort() {
  return new Promise((give, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => give(port));
    });
  });
}

/** Run a command to its end; on failure say what it said last. */
function finish(command, args, seconds) {
  return new Promise((give, fail) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const keep = (bytes) => (said = (said + bytes).slice(-4000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    child.once("error", (error) => fail(new Error(`cannot start ${command}: ${error.message}`)));
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) give();
      else fail(new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}${signal === "SIGKILL" ? ` (${seconds} s are over)` : ""}\n${said}`));
    });
  });
}

/** @returns {{url: string, accounts: Record<string, {name: string, login: string, password: string, api_token: string, unit: string}>, dir: string, log: () => string, stop: () => Promise<void>}} */
export async function startServer({
  bin = process.env.LINLI_BIN ?? join(root, "target/debug/linli"),
  args = [], // before the subcommand; the self-test starts node this way
  seed = 7,
  until = process.env.E2E_UNTIL ?? new Date().toISOString().slice(0, 10),
  scale = process.env.E2E_SCALE ?? "hall",
  database = process.env.E2E_DATABASE,
} = {}) {
  if (!existsSync(bin)) throw new Error(`no program at ${bin}: build it, or set LINLI_BIN`);
  const dir = mkdtempSync(join(tmpdir(), "linli-e2e-"));
  const where = ["--data", dir, ...(database ? ["--database", database] : [])];
  try {
    await finish(bin, [...args, "demo", ...where, "--seed", String(seed), "--until", until, "--scale", scale], 300);
    const accounts = JSON.parse(readFileSync(join(dir, "demo-accounts.json"), "utf8"));
    const port = await freePort();
    const child = spawn(bin, [...args, "serve", ...where, "--listen", `127.0.0.1:${port}`, "--per-minute", "0"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LINLI_TEST: "1" }, // pages tell how many statements they took
    });
    let said = "";
    const keep = (bytes) => (said = (said + bytes).slice(-20_000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    let ended;
    const end = new Promise((done) => child.once("close", (code, signal) => done((ended = signal ?? String(code)))));
    child.once("error", (error) => (ended = error.message));

    const stop = async () => {
      if (ended === undefined) {
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
        await end;
        clearTimeout(timer);
      }
      rmSync(dir, { recursive: true, force: true });
    };
    const url = `http://127.0.0.1:${port}`;
    for (const deadline = Date.now() + 30_000; ; ) {
      if (ended !== undefined) throw new Error(`serve ended with ${ended}\n${said}`);
      if (await fetch(url, { redirect: "manual" }).then(() => true, () => false)) break;
      if (Date.now() > deadline) {
        await stop();
        throw new Error(`serve did not answer within 30 s\n${said}`);
      }
      await new Promise((next) => setTimeout(next, 50));
    }
    return { url, accounts, dir, log: () => said, stop };
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}
