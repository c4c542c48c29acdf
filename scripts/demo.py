"""The story of Quell, told by the real host, the real plugins and an emulated AWS account.

Run it with `make demo`, which builds what it needs. It succeeds only if AWS, read back with boto3, shows the repair. What
the account holds, and what is wrong in it, is tests/emulator/account.py's.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True  # the checkout stays as it is
sys.path.insert(0, str(ROOT / "tests" / "emulator"))

from account import REGION, Account  # noqa: E402: after the path to it

ACCOUNT = "123456789012"
PLUGINS = ["sg-revoke-open-ports", "snapshot-volumes", "notify-sns"]
WORKFLOW = "open-security-group"
EVENT = ROOT / "tests" / "events" / "security-group-opened.json"
FIRST_TOKEN = "first token, for admins; it is shown only now: "
LISTENING = "listening on "

IS_TERMINAL = sys.stdout.isatty()
HAS_COLOURS = IS_TERMINAL and "NO_COLOR" not in os.environ
BOLD, DIM, RED, GREEN = "1", "2", "31", "32"


class Failed(Exception):
    """The story did not go as it should."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quell", required=True, help="the binary")
    parser.add_argument("--plugins", required=True, type=Path, help="the folder of the components")
    arguments = parser.parse_args()
    # A signal ends the demo as an error does: what it started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        with ExitStack() as stack:
            Demo(stack, arguments.quell, arguments.plugins).tell()
    except Failed as problem:
        sys.exit(f"\n{paint('The demo failed', RED)}: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    print(f"\nDone in {time.monotonic() - started:.0f} s. Nothing of it is left on this machine.")


class Demo:
    """Everything that the story needs. What is started here ends with `stack`."""

    def __init__(self, stack, quell, plugins):
        self.stack, self.binary, self.components = stack, quell, plugins
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="quell-demo-")))
        self.tokens, self.url = {}, None

    def tell(self):
        endpoint = self.start_emulator()
        self.account = Account(endpoint)
        prepared = self.account.prepare(incidents=1, instances=2)
        self.incident, self.outside = prepared["incidents"][0], prepared["outside"]
        self.queue = prepared["queue"]
        group = self.incident["group"]

        heading("An AWS account, emulated, with a security group that was opened to the world")
        before = self.account.read([group])
        self.show_rules(before["groups"][group])
        instances = ", ".join(instance["id"] for instance in self.incident["instances"])
        say(f"Two instances with two volumes each use it: {instances}")

        heading("The host starts on an empty folder")
        self.start_host(endpoint)
        for name, role in [("alice", "security-leads"), ("bob", "operators"), ("eventbridge", "events")]:
            self.make_token(name, role)

        heading("Plugins are uploaded over HTTP, and a workflow is pushed")
        self.quell("plugin", "push", *(str(self.components / f"{plugin}.wasm") for plugin in PLUGINS))
        workflow = str(ROOT / "workflows" / f"{WORKFLOW}.yaml")
        self.quell("workflow", "check", workflow)
        self.quell("workflow", "push", workflow)

        self.refuse_without_grants(group)
        heading("Each plugin is granted exact actions: an IAM policy document")
        for plugin in PLUGINS:
            self.quell("plugin", "grant", plugin, "--policy", str(ROOT / "plugins" / plugin / "grant.json"))

        run = self.repair(group)
        approved = self.decide(run)
        self.show_message(approved)
        self.show_ledger(run)
        self.compare(before, approved)

    def refuse_without_grants(self, group):
        heading("CloudTrail says that the group was opened. No plugin has a grant yet")
        run = self.send_event("delivered-before-the-grants", group)
        self.quell("runs", "show", run, "--watch", by="alice")
        say("Both plugins were refused, and AWS saw nothing. The ledger says why:")
        self.quell("ledger", "query", "--run", run, "--kind", "call.denied", by="alice")
        denied = self.entries(run, "call.denied")
        check(denied, "no call was refused")
        self.quell("runs", "cancel", run, "--reason", "no plugin had a grant")

    def repair(self, group):
        heading("The event comes again: two branches run side by side, then an approval waits")
        run = self.send_event("delivered-after-the-grants", group)
        self.quell("runs", "show", run, "--watch", by="alice")
        return run

    def decide(self, run):
        heading("The approval: bob, an operator, may not; alice, a security lead, may")
        refused = self.quell("approve", run, by="bob", fails=True)
        check(refused, "bob could approve")
        command = "approve" if ask("Approve as alice?") else "refuse"
        self.quell(command, run, "--reason", "looked at the rules and the snapshots", by="alice")
        self.quell("runs", "show", run, "--watch", by="alice", fails=command == "refuse")
        return command == "approve"

    def show_message(self, approved):
        heading("What SNS delivered, read from the topic's queue")
        messages = self.account.messages(self.queue)
        for message in messages:
            print(f"  {paint(message['subject'], BOLD)}")
            print(textwrap.indent(textwrap.fill(message["message"], 110), "  "))
        if not messages:
            say("Nothing: alice refused.")
        check(len(messages) == int(approved), f"{len(messages)} messages were delivered")

    def show_ledger(self, run):
        heading("The ledger: every call of the run, and whether the chain holds")
        self.quell("ledger", "query", "--run", run, "--kind", "call.", by="alice")
        self.quell("ledger", "verify", "--data", str(self.folder / "data"))

    def compare(self, before, approved):
        heading("AWS, read back with boto3")
        group = self.incident["group"]
        after = self.account.read([group])
        self.show_rules(before["groups"][group], after["groups"][group])
        volumes = [volume for instance in self.incident["instances"] for volume in instance["volumes"]]
        taken = {volume: [shot["id"] for shot in after["snapshots"] if shot["volume"] == volume] for volume in volumes}
        print()
        for volume, snapshots in taken.items():
            print(f"  {volume:<40}  {paint('snapshot', GREEN)} {', '.join(snapshots)}")
        outside = {volume for instance in self.outside for volume in instance["volumes"]}
        check(after["groups"][group] == self.incident["good"], "the group is not repaired")
        check(all(len(snapshots) == 1 for snapshots in taken.values()), "not each volume has one snapshot")
        check(all(shot["volume"] not in outside for shot in after["snapshots"]), "another instance was touched")
        told = "the others were told" if approved else "nobody was told, since alice refused"
        say(f"Six rules are gone, four are kept, four volumes have a snapshot, {told}.")

    def show_rules(self, before, after=None):
        print(f"  {paint('before' if after is not None else 'rules of ' + self.incident['group'], BOLD)}", end="")
        print(" " * 40 + paint("after", BOLD) if after is not None else "")
        for rule in sorted(before, key=lambda rule: (rule not in self.incident["bad"], rule)):
            bad = rule in self.incident["bad"]
            left = paint(f"{rule:<44}", RED if bad else DIM)
            if after is None:
                right = paint("open to the world", RED) if bad else ""
            else:
                right = rule if rule in after else paint("gone", GREEN if bad else RED)
            print(f"  {left}  {right}".rstrip())

    def send_event(self, identity, group):
        """Posts the event as EventBridge would, and gives the run that answers it."""
        event = json.loads(EVENT.read_text())
        event |= {"id": identity, "account": ACCOUNT, "region": REGION}
        detail = event["detail"]
        detail |= {"awsRegion": REGION, "recipientAccountId": ACCOUNT}
        detail["requestParameters"]["groupId"] = group
        for item in detail["responseElements"]["securityGroupRuleSet"]["items"]:
            item["groupId"] = group
        file = self.folder / f"{identity}.json"
        file.write_text(json.dumps(event, indent=1))
        taken = json.loads(self.quell("events", "send", str(file), "--json", by="eventbridge", quiet=True))
        check(len(taken["runs"]) == 1, "not one workflow answers the event")
        run = taken["runs"][0]
        say(f"{run['workflow']} answers it: run {run['run']}")
        return run["run"]

    def entries(self, run, kind):
        answer = self.quell("ledger", "query", "--run", run, "--kind", kind, "--json", by="alice", show=False)
        return [json.loads(line) for line in answer.splitlines()]

    def make_token(self, name, role):
        text = self.quell("token", "create", "--name", name, "--group", role, quiet=True)
        self.tokens[name] = text.strip()

    def quell(self, *arguments, by="admin", fails=False, quiet=False, show=True):
        """Runs a command of the binary's as `by`, and shows it. Gives what it printed when it is `quiet`, or else
        whether it did as expected."""
        if show:
            print(paint(f"  {by}$ quell {' '.join(map(self.short, arguments))}", DIM), flush=True)
        environment = os.environ | {"QUELL_URL": self.url, "QUELL_TOKEN": self.tokens[by]}
        pipe = subprocess.PIPE if quiet or not show else None
        command = [self.binary, *arguments]
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
        if (done.returncode != 0) != fails:
            raise Failed(f"`quell {' '.join(arguments)}` ended with {done.returncode}\n{done.stderr or ''}")
        return done.stdout if pipe else True

    def short(self, argument):
        """An argument without the folders of this machine."""
        for folder in (ROOT, self.components, self.folder):
            argument = argument.replace(f"{folder}/", "")
        return f'"{argument}"' if " " in argument else argument

    def start_emulator(self):
        serve = [sys.executable, str(ROOT / "tests" / "emulator" / "serve.py")]
        process = self.stack.enter_context(ended(subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE)))
        endpoint = process.stdout.readline().decode().strip()
        if not endpoint:
            raise Failed("the emulator did not start")
        return endpoint

    def start_host(self, endpoint):
        configuration = self.folder / "quell.toml"
        configuration.write_text(
            textwrap.dedent(f"""\
                data = "{self.folder}/data"
                listen = "127.0.0.1:0"

                [accounts.{ACCOUNT}]
                regions = ["{REGION}"]
                endpoint = "{endpoint}"
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


if __name__ == "__main__":
    main()
