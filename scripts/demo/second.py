"""The second act: an incident. GuardDuty finds a compromised instance and a leaked key, CloudTrail a bucket that was opened;
three runs contain them side by side, a person agrees, and then the others are told: Slack, ServiceNow, SNS, a report."""

import json
import ssl
import textwrap
import urllib.request

from incident import REPORTS, Account
from stage import BOLD, DIM, GREEN, IS_TERMINAL, RED, ask, check, heading, paint, say

WORKFLOWS = ["incident-response", "public-bucket"]
PLUGINS = [
    "assess-severity", "isolate-instance", "snapshot-volumes", "revoke-credentials", "query-cloudtrail", "high-incident",
    "s3-block-public-access", "slack-alert", "servicenow-incident", "document-incident",
]
# What the shipped grants and workflows call these services, and an installation calls otherwise.
SLACK, SERVICENOW = "hooks.slack.com", "acme.service-now.com"


class Act:
    """The story of the incident, on the host of the first act."""

    def __init__(self, stage):
        self.stage, self.quell = stage, stage.quell

    def tell(self):
        account = Account(self.stage.endpoint)
        self.prepared = account.prepare(incidents=1, cloudtrail=self.stage.cloudtrail)
        self.incident = self.prepared["incidents"][0]
        heading("An incident: a compromised instance, a leaked access key, a public bucket")
        before = account.read(self.prepared)
        self.show_condition(before)
        say(f"Slack and ServiceNow are stand-ins at {self.stage.services}, which check what they are sent")

        self.install()
        runs = self.contain()
        approved = self.decide(runs)
        self.show_told(approved)
        after = account.read(self.prepared)
        self.show_report(after, approved)
        self.compare(before, after)
        heading("The ledger of both acts: whether the chain holds")
        self.quell("ledger", "verify", "--data", str(self.stage.folder / "data"))

    def install(self):
        heading("Plugins, grants, secrets and workflows")
        self.stage.push_plugins(PLUGINS)
        for plugin in PLUGINS:
            self.stage.grant(plugin, self.here)
        say("Two secrets, each bound to a host. No plugin sees them: the host puts them into what is sent.")
        for name, value in [("slack-webhook", self.stage.webhook), ("servicenow", self.stage.basic)]:
            self.quell("secret", "set", name, "--host", "127.0.0.1", given=value)
        say("Two workflows, with the addresses of this installation.")
        for name in WORKFLOWS:
            source = (self.stage.root / "workflows" / f"{name}.yaml").read_text()
            path = str(self.stage.keep(f"{name}.yaml", self.here(source)))
            self.quell("workflow", "check", "--server", path)
            self.quell("workflow", "push", path)

    def here(self, text):
        """A grant or a workflow with the addresses of this installation."""
        services = self.stage.services.removeprefix("https://")
        return text.replace(SLACK, services).replace(SERVICENOW, services)

    def contain(self):
        heading("Three events, three runs, side by side")
        runs = {kind: self.stage.send(event) for kind, event in self.incident["events"].items()}
        self.quell("runs", "show", *runs.values(), "--watch", by="alice")
        if not IS_TERMINAL:
            say("And all of it at once:")
            self.quell("runs", "show", *runs.values(), by="alice")
        return runs

    def decide(self, runs):
        heading("Everything is contained. Two approvals wait: may the others be told?")
        self.quell("runs", "waiting", by="alice")
        responses = [runs["instance"], runs["key"]]
        approved = ask("Approve both as alice?")
        for run in responses:
            self.quell("approve" if approved else "refuse", run, "--yes", "--reason", "looked at what was done", by="alice")
        # A refused run is one that did not succeed, which the exit code says.
        self.quell("runs", "show", *responses, "--watch", by="alice", fails=not approved)
        self.responses = responses
        return approved

    def show_told(self, approved):
        heading("What Slack and ServiceNow got")
        received = self.received()
        for message in received["messages"]:
            print(f"  {paint('Slack', BOLD)}       {message['text']}")
        for ticket in received["incidents"]:
            print(f"  {paint('ServiceNow', BOLD)}  {ticket['number']}  {ticket['short_description']}")
            print(paint(f"              correlation id {ticket['correlation_id']}", DIM))
        check(not received["rejected"], f"a stand-in rejected a request: {received['rejected']}")
        check(not received["repeated"], f"a correlation id came twice: {received['repeated']}")
        told = (len(received["messages"]), len(received["incidents"]))
        check(told == ((2, 2) if approved else (0, 0)), f"Slack got {told[0]} messages, ServiceNow {told[1]} incidents")
        say("Each checked authentication, path and fields; no correlation id came twice." if approved else "Nothing: alice refused.")

    def received(self):
        """What the stand-ins say that they got."""
        trusting = ssl.create_default_context(cafile=str(self.stage.authority))
        with urllib.request.urlopen(f"{self.stage.services}/received", context=trusting) as answer:
            return json.load(answer)

    def show_report(self, after, approved):
        heading(f"The report in s3://{REPORTS}, its beginning")
        mine = [key for key in after["reports"] if self.responses[0] in key and key.endswith(".md")]
        check(len(mine) == int(approved), f"there are these reports: {list(after['reports'])}")
        for key in mine:
            print(paint(f"  {key}", DIM))
            print(textwrap.indent("\n".join(after["reports"][key].splitlines()[:24]), "  "))

    def compare(self, before, after):
        heading("AWS, read back with boto3")
        self.show_condition(before, after)
        mine, was = after["incidents"][0], before["incidents"][0]
        isolation = {group for groups in mine["interfaces"].values() for group in groups}
        check(len(isolation) == 1, f"the interfaces have the groups {isolation}")
        rules = after["groups"][isolation.pop()]
        check(rules["ingress"] == rules["egress"] == 0, f"the group of the instance has rules: {rules}")
        shots = [shot["volume"] for shot in after["snapshots"]]
        check(all(shots.count(volume) == 1 for volume in self.incident["volumes"]), "not each volume has one snapshot")
        check(set(mine["keys"].values()) == {"Inactive"}, f"keys are active: {mine['keys']}")
        check(mine["role_policies"] and mine["user_policies"], "older sessions are not denied")
        check(mine["bucket"]["block"] and all(mine["bucket"]["block"].values()), "the bucket is not closed")
        check(mine["bucket"]["policy"] is None and was["bucket"]["policy"], "the policy that opened the bucket is there")
        check(after["outside"] == before["outside"], "something that has nothing to do with it was touched")
        say("Isolated on both interfaces with no way in or out, both volumes kept, both keys off, older sessions denied, the")
        say("bucket closed; an instance, a user and a bucket beside them are as they were.")

    def show_condition(self, before, after=None):
        """What was prepared, as people read it: before, and after beside it."""
        rows = zip(self.condition(before), self.condition(after or before))
        if after:
            print(f"  {paint('before', BOLD)}{' ' * 61}{paint('after', BOLD)}")
        for (what, was, bad), (_, now, _) in rows:
            left = f"{what:<18} {was}"
            colour = RED if bad else DIM
            right = f"  {paint(now, GREEN if now != was else DIM)}" if after else ""
            print(f"  {paint(f'{left:<65}', colour)}{right}")

    def condition(self, reading):
        """What, how it is, and whether that is bad before anything is done."""
        mine, groups = reading["incidents"][0], reading["groups"]
        yield "instance", self.incident["instance"], False
        for interface, its in mine["interfaces"].items():
            names = ", ".join(groups[group]["name"] for group in its)
            ways = "a way out" if any(groups[group]["egress"] for group in its) else "no way in or out"
            yield f"  {interface[:12]}…", f"{names}: {ways}", True
        yield "  protection", "from termination" if mine["protected"] else "none", True
        shots = [shot["volume"] for shot in reading["snapshots"]]
        for volume in self.incident["volumes"]:
            yield f"  {volume[:12]}…", "one snapshot" if shots.count(volume) == 1 else f"{shots.count(volume)} snapshots", True
        yield "  its role", denied(mine["role_policies"]), True
        yield "user", self.incident["user"], False
        for key, status in mine["keys"].items():
            yield f"  {key[:12]}…", status.lower(), True
        yield "  its sessions", denied(mine["user_policies"]), True
        yield "bucket", self.incident["bucket"], False
        yield "  policy", "for everybody" if mine["bucket"]["policy"] else "none", True
        block = mine["bucket"]["block"]
        yield "  public access", "blocked" if block and all(block.values()) else "not blocked", True


def denied(policies):
    return "older sessions denied" if "AWSRevokeOlderSessions" in policies else "all sessions work"
