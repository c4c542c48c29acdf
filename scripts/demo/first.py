"""The first act: a security group that was opened to the world is closed again, by three plugins that may do just that."""

import json
import textwrap

from account import Account
from stage import ACCOUNT, BOLD, DIM, GREEN, RED, REGION, ask, check, heading, paint, say

PLUGINS = ["sg-revoke-open-ports", "snapshot-volumes", "notify-sns"]
WORKFLOW = "open-security-group"


class Act:
    """The story of the group. The host starts in it."""

    def __init__(self, stage):
        self.stage, self.quell = stage, stage.quell

    def tell(self):
        self.account = Account(self.stage.endpoint)
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
        self.stage.start_host()
        self.stage.make_token("alice", "--scope", "read", "--group", "security-leads")
        self.stage.make_token("bob", "--scope", "read,operate")
        self.stage.make_token("eventbridge", "--scope", f"events:{ACCOUNT}")

        heading("Plugins are uploaded over HTTP, and a workflow is pushed")
        self.stage.push_plugins(PLUGINS)
        workflow = str(self.stage.root / "workflows" / f"{WORKFLOW}.yaml")
        self.quell("workflow", "check", workflow)
        self.quell("workflow", "push", workflow)

        self.refuse_without_grants(group)
        heading("Each plugin is granted exact actions: an IAM policy document")
        for plugin in PLUGINS:
            self.stage.grant(plugin)

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
        denied = self.stage.entries(run, "call.denied")
        check(denied, "no call was refused")
        self.quell("runs", "cancel", run, "--reason", "no plugin had a grant")

    def repair(self, group):
        heading("The event comes again: two branches run side by side, then an approval waits")
        run = self.send_event("delivered-after-the-grants", group)
        self.quell("runs", "show", run, "--watch", by="alice")
        return run

    def decide(self, run):
        heading("The approval: bob, an operator, may not; alice, a security lead, may")
        refused = self.quell("approve", run, "--yes", by="bob", fails=True)
        check(refused, "bob could approve")
        command = "approve" if ask("Approve as alice?") else "refuse"
        self.quell(command, run, "--yes", "--reason", "looked at the rules and the snapshots", by="alice")
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
        self.quell("ledger", "verify", "--data", str(self.stage.folder / "data"))

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
        """Posts the event that CloudTrail wrote of the group, and gives the run that answers it."""
        event = json.loads((self.stage.root / "tests" / "events" / "security-group-opened.json").read_text())
        event |= {"id": identity, "account": ACCOUNT, "region": REGION}
        detail = event["detail"]
        detail |= {"awsRegion": REGION, "recipientAccountId": ACCOUNT}
        detail["requestParameters"]["groupId"] = group
        for item in detail["responseElements"]["securityGroupRuleSet"]["items"]:
            item["groupId"] = group
        return self.stage.send(event)
