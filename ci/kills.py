"""Kills the server again and again under load, and asks afterwards what became of each command.

  ci/kills.py --bin target/debug/linli --scratch DIR [--times 12] [--engines sqlite,postgresql]

A demo district is lived, served durably, and written to through the API by several clients at once. At a random moment the
server is killed (SIGKILL) and started again. Then every command is sent again with its key: what was acknowledged must give
the same answer, what was in doubt must become definite, and each must be there exactly once. `linli verify` folds the acts
of the whole district after each kill. On PostgreSQL the database server too is stopped hard in the middle: requests must be
told 503 with Retry-After, and afterwards nothing may be missing or doubled. Last, copies from one database to the other and
back are killed in the middle. Standard library only.
"""
import argparse
import glob
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

CLIENTS = 6
HERE = os.path.dirname(os.path.abspath(__file__))


class Wrong(Exception):
    """What must not happen has happened."""


def expect(holds, what):
    if not holds:
        raise Wrong(what)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One running `linli serve`, stopped by its own process id."""

    def __init__(self, binary, where, log):
        self.port = free_port()
        environment = {**os.environ, "LINLI_LOG": "debug"}
        command = [binary, "serve", *where, "--listen", f"127.0.0.1:{self.port}", "--per-minute", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=environment)
        end = time.monotonic() + 60
        while True:
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                pass
            except http.client.HTTPException:
                pass
            expect(self.process.poll() is None and time.monotonic() < end, "the server does not start")
            time.sleep(0.02)

    def ask(self, method, path, body=None, token=None, key=None, connection=None):
        c = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        try:
            c.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = c.getresponse()
            data = answer.read()
            kind = answer.getheader("Content-Type", "")
            return answer.status, json.loads(data) if "json" in kind else data, answer.headers
        finally:
            if connection is None:
                c.close()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Wrong("the server does not stop when told to")


class Command:
    """One command: what was sent, and what is known of it."""

    def __init__(self, token, path, body):
        self.token, self.path, self.body, self.key = token, path, body, uuid.uuid4().hex
        self.status, self.answer = None, None

    def send(self, server, connection=None):
        self.status, self.answer, headers = server.ask("POST", self.path, self.body, self.token, self.key, connection)
        return headers

    @property
    def done(self):
        return self.status in (200, 201)

    @property
    def number(self):
        return self.answer["number"]


def unique_words(what):
    return f"{what}，编号 " + "".join(random.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(14))


class Load:
    """Clients that report, add, sign, note and contact until told to stop or the connection breaks."""

    def __init__(self, server, accounts, known):
        self.server, self.accounts, self.known = server, accounts, known
        self.commands, self.lock, self.over, self.faults = [], threading.Lock(), threading.Event(), []
        self.threads = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def next(self):
        resident, worker = self.accounts["resident"]["api_token"], self.accounts["worker"]["api_token"]
        with self.lock:
            number = random.choice(self.known[-12:]) if self.known and random.random() < 0.7 else None
        if number is None:
            return Command(resident, "/api/v1/cases", {"words": unique_words("楼道的灯坏了")})
        move = f"/api/v1/cases/{number}/moves/"
        return random.choice([
            lambda: Command(resident, move + "add", {"words": unique_words("补充说明")}),
            lambda: Command(worker, move + "note", {"words": unique_words("内部记录")}),
            lambda: Command(worker, move + "contact", {"words": unique_words("已电话联系")}),
            lambda: Command(worker, move + "sign", {}),
        ])()

    def heard(self):
        """Waits for the first acknowledged command, on a busy machine too: a kill before it would prove nothing."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with self.lock:
                if any(c.done for c in self.commands):
                    return
            time.sleep(0.005)

    def client(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        while not self.over.is_set():
            command = self.next()
            with self.lock:
                self.commands.append(command)
            try:
                headers = command.send(self.server, connection)
            except (OSError, http.client.HTTPException, ValueError):
                # Broken off: unknown, to be asked again.
                command.status = None
                connection.close()
                if self.server.process.poll() is not None:
                    return
                continue
            if command.done and command.path == "/api/v1/cases":
                with self.lock:
                    self.known.append(command.number)
            elif command.status == 503:
                if not headers.get("Retry-After"):
                    self.faults.append(f"503 without Retry-After: {command.path}")
                time.sleep(0.05)
            elif command.status >= 500:
                self.faults.append(f"{command.status}: {command.path} {command.answer}")
        connection.close()

    def finish(self):
        self.over.set()
        for t in self.threads:
            t.join()
        expect(not self.faults, "; ".join(self.faults[:3]))
        return self.commands


def settle(server, commands):
    """Every command is asked again with its key; afterwards each is there exactly once or was refused."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for c in commands:
        before = (c.status, c.number) if c.done else None
        for _ in range(40):
            c.send(server, connection)
            if c.status != 503:
                break
            time.sleep(0.25)
        expect(c.status < 500, f"{c.status} when asked again: {c.path}")
        if before:
            expect(c.done and c.number == before[1], f"acknowledged, but not the same when asked again: {c.path} {before} {c.status} {c.answer}")
    reports = [c for c in commands if c.path == "/api/v1/cases" and c.done]
    expect(len({c.number for c in reports}) == len(reports), "two commands, one number")
    words = {}
    for c in commands:
        if c.body.get("words"):
            number = c.number if c.path == "/api/v1/cases" and c.done else c.path.split("/")[4] if "/moves/" in c.path else None
            if number:
                words.setdefault(number, []).append((c.body["words"], c.done))
    for number, said in words.items():
        acts = []
        for who in {c.token for c in commands}:
            status, answer, _ = server.ask("GET", f"/api/v1/cases/{number}", token=who, connection=connection)
            expect(status == 200, f"{status} for {number}")
            acts.append([a["words"] for a in answer["acts"] if a["words"]])
        for text, done in said:
            times = max(a.count(text) for a in acts)
            expect(times == (1 if done else 0), f"{number}: '{text}' is there {times} times, done: {done}")
    connection.close()
    return len(commands)


def mine(server, token):
    numbers, after = [], ""
    while True:
        status, page, _ = server.ask("GET", f"/api/v1/cases?limit=100{after}", token=token)
        expect(status == 200, f"{status} for one's own cases")
        numbers += [m["number"] for m in page["items"]]
        if not page["next"]:
            return numbers
        after = "&after=" + page["next"]


def verify(binary, where):
    done = subprocess.run([binary, "verify", *where], capture_output=True, text=True, timeout=120)
    expect(done.returncode == 0, "verify: " + done.stdout + done.stderr)
    return done.stdout.strip()


class Postgres:
    """The throw-away cluster of ci/postgres.sh, which can also be crashed and started again."""

    def __init__(self, scratch):
        self.dir = scratch
        os.makedirs(scratch, exist_ok=True)
        os.chmod(scratch, 0o755)
        # The server keeps its parent's error stream: a file, not a pipe that would never end.
        with open(os.path.join(scratch, "address"), "w+") as out:
            subprocess.run([f"{HERE}/postgres.sh", "start", scratch], check=True, stdout=out)
            out.seek(0)
            self.url = out.read().strip()
        self.data = os.path.join(scratch, "pg")
        self.bin = os.environ.get("PG_BIN") or sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: [int(n) for n in re.findall(r"\d+", p)])[-1]
        with open(os.path.join(self.data, "postmaster.opts")) as f:
            # …/postgres "-D" "DIR" "-c" "port=…": what follows the directory is given again.
            self.options = " ".join(re.findall(r'"([^"]*)"', f.read())[2:])

    def control(self, *words):
        owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.getuid() == 0 else []
        with open(os.path.join(self.dir, "control.log"), "a") as log:
            subprocess.run([*owner, f"{self.bin}/pg_ctl", "-D", self.data, "-w", "-t", "60", *words], check=True, stdout=log, stderr=log, cwd="/")

    def crash(self):
        self.control("-m", "immediate", "stop")

    def start(self):
        self.control("-l", os.path.join(self.data, "log"), "-o", self.options, "start")

    def remove(self):
        subprocess.run([f"{HERE}/postgres.sh", "stop", self.dir], check=False)


def run(engine, binary, scratch, times):
    postgres = Postgres(os.path.join(scratch, "pg-kills")) if engine == "postgresql" else None
    data = os.path.join(scratch, f"kills-{engine}")
    where = ["--data", data] + (["--database", postgres.url] if postgres else [])
    log_path = os.path.join(scratch, f"kills-{engine}.log")
    server = None
    checks = commands_sent = 0
    try:
        subprocess.run([binary, "demo", *where, "--scale", "hall", "--quiet"], check=True, timeout=300)
        with open(os.path.join(data, "demo-accounts.json")) as f:
            accounts = json.load(f)
        with open(log_path, "ab") as log:
            server = Server(binary, where, log)
            base = mine(server, accounts["resident"]["api_token"])
            reported, known = set(), []
            for n in range(times):
                load = Load(server, accounts, known)
                load.heard()
                time.sleep(random.uniform(0.01, 0.5))
                server.kill()
                commands = load.finish()
                expect(any(c.done for c in commands), "nothing was acknowledged before the kill")
                verify(binary, where)
                server = Server(binary, where, log)
                commands_sent += settle(server, commands)
                reported |= {c.number for c in commands if c.path == "/api/v1/cases" and c.done}
                checks += 1
            if postgres:
                load = Load(server, accounts, known)
                time.sleep(0.5)
                postgres.crash()
                status, body, headers = 0, None, {}
                end = time.monotonic() + 30
                while status != 503:
                    status, body, headers = server.ask("GET", "/api/v1/cases", token=accounts["resident"]["api_token"])
                    expect(time.monotonic() < end, f"database gone, but {status}")
                expect(headers.get("Retry-After"), "503 without Retry-After")
                expect(body.get("code"), "503 without a code")
                time.sleep(0.5)
                postgres.start()
                time.sleep(1)
                commands = load.finish()
                commands_sent += settle(server, commands)
                reported |= {c.number for c in commands if c.path == "/api/v1/cases" and c.done}
                expect(server.process.poll() is None, "the server gave up with its database")
                checks += 1
            end = mine(server, accounts["resident"]["api_token"])
            expect(len(end) == len(set(end)), "a case is listed twice")
            expect(set(end) == set(base) | reported, f"{len(base)} cases before, {len(reported)} reported, {len(end)} now")
            server.stop()
            server = None
            said = verify(binary, where)
        with open(log_path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        names = [a["name"] for a in accounts.values()]
        expect(not re.search(r"0001\d{7}|楼道的灯坏了", text) and not any(n in text for n in names), "the log holds a name, a telephone or words")
        expect("panicked" not in text, "the log holds a panic")
        print(f"{engine}: {times} kills, {commands_sent} commands, {said}")
        return checks + 2
    finally:
        if server:
            server.kill()
        if postgres:
            postgres.remove()


def broken_off(binary, source, target, at):
    """Starts a copy and kills it as soon as it speaks of one of its steps."""
    command = [binary, "copy", *source, *target]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    heard = b""
    while at.encode() not in heard:
        more = os.read(process.stderr.fileno(), 4096)
        expect(more, f"the copy ended before {at}: {heard[-200:]!r}")
        heard += more
    process.kill()
    process.wait()
    process.stderr.close()


def copies(binary, scratch, times):
    """Copies from SQLite to PostgreSQL and back are killed in the middle: what they leave opens for nobody, and the same
    command again makes it whole."""
    postgres = Postgres(os.path.join(scratch, "pg-copies"))
    a, b, c = (os.path.join(scratch, f"copy-{name}") for name in "abc")
    refused = 0
    try:
        subprocess.run([binary, "demo", "--data", a, "--scale", "hall", "--quiet"], check=True, timeout=300)
        hops = [
            (["--from", a], ["--to", b, "--to-database", postgres.url], ["--data", b, "--database", postgres.url]),
            (["--from", b, "--from-database", postgres.url], ["--to", c], ["--data", c]),
        ]
        sums = []
        for source, target, where in hops:
            # What the copy tells of: the first table, one in the middle, a large one, a late one.
            for at in ["events", "places", "acts ", "counters"] + random.choices(["units", "matters", "clocks", "act_words"], k=times):
                broken_off(binary, source, target, at)
                for command in (["verify", *where], ["serve", *where, "--listen", "127.0.0.1:0"]):
                    done = subprocess.run([binary, *command], capture_output=True, text=True, timeout=60)
                    expect(done.returncode == 4 and "broken off" in done.stderr, f"after {at}: {command[0]} gave {done.returncode}: {done.stderr}")
                    refused += 1
            done = subprocess.run([binary, "copy", *source, *target, "--quiet"], capture_output=True, text=True, timeout=120)
            expect(done.returncode == 0, done.stdout + done.stderr)
            sums.append(done.stdout.strip().splitlines()[-1])
            verify(binary, where)
            again = subprocess.run([binary, "copy", *source, *target, "--quiet"], capture_output=True, text=True, timeout=60)
            expect(again.returncode == 1, f"a whole target was not refused: {again.returncode}")
        expect(len(set(sums)) == 1, f"there and back is not the same: {sums}")
        print(f"copies: {refused} times refused after a kill, then the same: {sums[0]}")
        return refused + 2 * len(hops)
    finally:
        postgres.remove()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bin", required=True)
    p.add_argument("--scratch", required=True)
    p.add_argument("--times", type=lambda t: int(t or 12), default=12)
    p.add_argument("--engines", default="sqlite,postgresql")
    p.add_argument("--seed", type=int, default=None)
    a = p.parse_args()
    seed = a.seed if a.seed is not None else int.from_bytes(os.urandom(4), "big")
    random.seed(seed)
    print(f"seed {seed}")
    binary = os.path.abspath(a.bin)
    passed = failed = 0
    os.makedirs(a.scratch, exist_ok=True)
    engines = a.engines.split(",")
    for engine in engines + (["copies"] if "postgresql" in engines else []):
        start = time.monotonic()
        try:
            if engine == "copies":
                passed += copies(binary, os.path.abspath(a.scratch), a.times // 12)
            else:
                passed += run(engine, binary, os.path.abspath(a.scratch), a.times)
        except Wrong as e:
            failed += 1
            print(f"{engine}: FAILED: {e}")
            log = os.path.join(a.scratch, f"kills-{engine}.log")
            if os.path.exists(log):
                with open(log, errors="replace") as f:
                    print("".join(f.readlines()[-20:]))
        print(f"{engine}: {time.monotonic() - start:.0f} s")
    shutil.rmtree(a.scratch, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
