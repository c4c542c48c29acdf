"""What both acts stand on: the emulators, the stand-ins for other services, the host, and how things are said."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"
FIRST_TOKEN = "first token, for admins; it is shown only now: "
LISTENING = "listening on "

IS_TERMINAL = sys.stdout.isatty()
HAS_COLOURS = IS_TERMINAL and "NO_COLOR" not in os.environ
BOLD, DIM, RED, GREEN = "1", "2", "31", "32"
# How wide things are shown where no terminal says how wide it is.
WIDTH = 150


class Failed(Exception):
    """The story did not go as it should."""


class Stage:
    """Everything that the story needs. What is started here ends with `stack`."""

    def __init__(self, stack, root, quell, components):
        self.stack, self.root, self.binary, self.components = stack, root, quell, components
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="quell-demo-")))
        self.tokens, self.url = {}, None
        self.endpoint, self.cloudtrail = self.start("serve.py", ["--cloudtrail"], lines=2)
        # What only the stand-ins and the secrets of the host know.
        self.webhook, user = f"T0/B0/{secrets.token_urlsafe(18)}", f"quell:{secrets.token_urlsafe(18)}"
        self.basic = base64.b64encode(user.encode()).decode()
        self.authority = self.folder / "authority.pem"
        arguments = ["--ca", str(self.authority), "--slack-path", self.webhook, "--servicenow-user", user]
        (self.services,) = self.start("services.py", arguments, lines=1)

    def push_plugins(self, plugins):
        """Uploads plugins as they were built."""
        self.quell("plugin", "push", *(str(self.components / f"{plugin}.wasm") for plugin in plugins))

    def grant(self, plugin, change=str):
        """Gives a plugin the grant that is shipped with it, changed as an installation would."""
        shipped = self.root / "plugins" / plugin / "grant.json"
        policy = change(shipped.read_text())
        path = shipped if policy == shipped.read_text() else self.keep(f"{plugin}.json", policy)
        self.quell("plugin", "grant", plugin, "--policy", str(path))

    def keep(self, name, text):
        """A file for as long as the demo runs."""
        path = self.folder / name
        path.write_text(text)
        return path

    def send(self, event):
        """Posts an event as EventBridge would, and gives the run that answers it."""
        file = self.keep(f"{event['id']}.json", json.dumps(event, indent=1))
        taken = json.loads(self.quell("events", "send", str(file), "--json", by="eventbridge", quiet=True))
        check(len(taken["runs"]) == 1, "not one workflow answers the event")
        run = taken["runs"][0]
        say(f"{run['workflow']} answers it: run {run['run']}")
        return run["run"]

    def entries(self, run, kind):
        answer = self.quell("ledger", "query", "--run", run, "--kind", kind, "--json", by="alice", show=False)
        return [json.loads(line) for line in answer.splitlines()]

    def make_token(self, name, *terms):
        text = self.quell("token", "create", name, *terms, quiet=True)
        self.tokens[name] = text.strip()

    def quell(self, *arguments, by="admin", fails=False, quiet=False, show=True, given=None):
        """Runs a command of the binary's as `by`, with `given` as its input, and shows it. Gives what it printed when it is
        `quiet`, or else whether it did as expected."""
        if show:
            print(paint(f"  {by}$ quell {' '.join(map(self.short, arguments))}", DIM), flush=True)
        environment = {"COLUMNS": str(WIDTH)} | os.environ
        environment |= {"QUELL_URL": self.url, "QUELL_TOKEN": self.tokens[by]}
        pipe = subprocess.PIPE if quiet or not show else None
        command = [self.binary, *arguments]
        done = subprocess.run(command, env=environment, input=given or "", stdout=pipe, stderr=pipe, text=True)
        if (done.returncode != 0) != fails:
            raise Failed(f"`quell {' '.join(arguments)}` ended with {done.returncode}\n{done.stderr or ''}")
        return done.stdout if pipe else True

    def short(self, argument):
        """An argument without the folders of this machine."""
        for folder in (self.root, self.components, self.folder):
            argument = argument.replace(f"{folder}/", "")
        return f'"{argument}"' if " " in argument else argument

    def start_host(self):
        """Starts the host on an empty folder."""
        configuration = self.folder / "quell.toml"
        configuration.write_text(
            textwrap.dedent(f"""\
                data = "{self.folder}/data"
                listen = "127.0.0.1:0"

                [http]
                ca-file = "{self.authority}"

                [accounts.{ACCOUNT}]
                regions = ["{REGION}"]
                endpoint = "{self.endpoint}"
                endpoints = {{ cloudtrail = "{self.cloudtrail}" }}
                test-keys = {{ access-key-id = "test", secret-access-key = "test" }}
                """)
        )
        log = self.stack.enter_context(open(self.folder / "host.log", "w"))
        command = [self.binary, "serve", "--config", str(configuration)]
        print(paint(f"  $ quell serve --config {configuration.name}", DIM), flush=True)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        self.stack.enter_context(ended(process))
        for line in process.stdout:
            if line.startswith(FIRST_TOKEN):
                self.tokens["admin"] = line.removeprefix(FIRST_TOKEN).strip()
                line = f"{FIRST_TOKEN}{self.tokens['admin'][:12]}…\n"
            print(f"  {line}", end="")
            if line.startswith(LISTENING):
                self.url = line.removeprefix(LISTENING).strip()
                return
        raise Failed(f"the host did not start\n{(self.folder / 'host.log').read_text()}")

    def start(self, script, arguments, lines):
        """Starts a script of tests/emulator, which ends with us, and gives the first lines that it says."""
        command = [sys.executable, str(self.root / "tests" / "emulator" / script), *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stack.enter_context(ended(process))
        said = [process.stdout.readline().strip() for _ in range(lines)]
        check(all(said), f"{script} did not start")
        return said


class ended:
    """Ends a process with its context: politely, and after five seconds otherwise."""

    def __init__(self, process):
        self.process = process

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ask(question):
    """A person's answer; yes when there is none to ask."""
    if not (sys.stdin.isatty() and IS_TERMINAL):
        say(f"{question} yes (there is no terminal to ask at)")
        return True
    answer = input(f"\n  {paint(question, BOLD)} [Y/n] ").strip().lower()
    return answer in ("", "y", "yes")


def check(holds, problem):
    if not holds:
        raise Failed(problem)


def heading(text):
    width = min(shutil.get_terminal_size((110, 24)).columns, 110)
    print(f"\n{paint(f'── {text} '.ljust(width, '─'), BOLD)}", flush=True)


def say(text):
    print(f"  {text}", flush=True)


def paint(text, colour):
    return f"\x1b[{colour}m{text}\x1b[0m" if HAS_COLOURS else text


