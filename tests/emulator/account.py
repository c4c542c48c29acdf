"""The account of the end-to-end tests and the demo: prepared, and read back, with boto3.

What is right and what is wrong in it is decided here, once: RULES. As a command it prints JSON:

    account.py ENDPOINT prepare [--incidents N] [--instances N]
    account.py ENDPOINT read GROUP...
    account.py ENDPOINT messages QUEUE-URL
"""

import argparse
import json

import boto3
from botocore.config import Config

REGION = "us-east-1"
TOPIC = "security-alerts"
VOLUMES = 2

# The rules of a group that was opened: protocol, first and last port, source, and whether the rule opens a watched port
# to the internet. LIST and GROUP stand for the prefix list and the other group.
LIST = "the internet, as a prefix list"
GROUP = "another group"
RULES = [
    ("tcp", 22, 22, "0.0.0.0/0", True),
    ("tcp", 3300, 3310, "0.0.0.0/0", True),
    ("tcp", 0, 65535, "0.0.0.0/0", True),
    ("-1", None, None, "0.0.0.0/0", True),
    ("tcp", 5432, 5432, "::/0", True),
    ("tcp", 3389, 3389, LIST, True),
    ("tcp", 443, 443, "0.0.0.0/0", False),
    ("tcp", 22, 22, "10.0.0.0/8", False),
    ("tcp", 5432, 5432, GROUP, False),
    ("tcp", 8080, 8080, "0.0.0.0/0", False),
]


class Account:
    """An account of the emulator at an endpoint."""

    def __init__(self, endpoint):
        config = Config(retries={"max_attempts": 3}, tcp_keepalive=True)
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        self.ec2, self.sns, self.sqs = (
            session.client(service, endpoint_url=endpoint, config=config) for service in ("ec2", "sns", "sqs")
        )

    def prepare(self, incidents=1, instances=2):
        """Makes `incidents` opened groups with `instances` instances each, one instance that is in none of them, and a
        topic whose messages can be read from a queue."""
        self.image = self.ec2.register_image(Name="linux", RootDeviceName="/dev/sda")["ImageId"]
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
        sources = {LIST: self._prefix_list(), GROUP: self._group(vpc, "application")}
        opened = [self._incident(vpc, subnet, f"opened-{number}", sources, instances) for number in range(incidents)]
        topic, queue = self._topic()
        return {
            "incidents": opened,
            "outside": self._instances(subnet, [sources[GROUP]], 1),
            "topic": topic,
            "queue": queue,
        }

    def read(self, groups):
        """The rules of the groups, and all snapshots, as they are now."""
        found = self.ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"] if groups else []
        snapshots = self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        return {
            "groups": {group["GroupId"]: sorted(flat(group["IpPermissions"])) for group in found},
            "snapshots": [
                {
                    "id": snapshot["SnapshotId"],
                    "volume": snapshot["VolumeId"],
                    "tags": {tag["Key"]: tag["Value"] for tag in snapshot.get("Tags", [])},
                }
                for snapshot in snapshots
            ],
        }

    def messages(self, queue):
        """Takes all messages of the topic that have not been taken yet."""
        taken = []
        while batch := self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                body = json.loads(message["Body"])
                taken.append({"subject": body.get("Subject"), "message": body["Message"]})
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def _incident(self, vpc, subnet, name, sources, instances):
        group = self._group(vpc, name)
        self.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[permission(*rule[:4], sources) for rule in RULES]
        )
        rules = {kind: sorted(text(*rule[:4], sources) for rule in RULES if rule[4] is kind) for kind in (True, False)}
        return {
            "group": group,
            "bad": rules[True],
            "good": rules[False],
            "instances": self._instances(subnet, [group], instances),
        }

    def _group(self, vpc, name):
        return self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]

    def _prefix_list(self):
        made = self.ec2.create_managed_prefix_list(
            PrefixListName="everyone", MaxEntries=1, AddressFamily="IPv4", Entries=[{"Cidr": "0.0.0.0/0"}]
        )
        return made["PrefixList"]["PrefixListId"]

    def _instances(self, subnet, groups, count):
        if not count:
            return []
        devices = [{"DeviceName": f"/dev/sd{letter}", "Ebs": {"VolumeSize": 8}} for letter in "abcdef"[:VOLUMES]]
        run = self.ec2.run_instances(
            ImageId=self.image, MinCount=count, MaxCount=count, SubnetId=subnet, SecurityGroupIds=groups,
            BlockDeviceMappings=devices,
        )
        return [
            {
                "id": instance["InstanceId"],
                "volumes": [device["Ebs"]["VolumeId"] for device in instance["BlockDeviceMappings"]],
            }
            for instance in run["Instances"]
        ]

    def _topic(self):
        topic = self.sns.create_topic(Name=TOPIC)["TopicArn"]
        queue = self.sqs.create_queue(QueueName=f"{TOPIC}-inbox")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return topic, queue


def permission(protocol, first, last, source, sources):
    """A rule as EC2 takes it."""
    made = {"IpProtocol": protocol}
    if first is not None:
        made |= {"FromPort": first, "ToPort": last}
    if source == LIST:
        return made | {"PrefixListIds": [{"PrefixListId": sources[LIST]}]}
    if source == GROUP:
        return made | {"UserIdGroupPairs": [{"GroupId": sources[GROUP]}]}
    if ":" in source:
        return made | {"Ipv6Ranges": [{"CidrIpv6": source}]}
    return made | {"IpRanges": [{"CidrIp": source}]}


def text(protocol, first, last, source, sources):
    """A rule as people read it."""
    if protocol == "-1":
        ports = "all traffic"
    else:
        ports = f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"
    return f"{ports} from {sources.get(source, source)}"


def flat(permissions):
    """Each source of each permission, as people read it."""
    for made in permissions:
        found = [entry["CidrIp"] for entry in made.get("IpRanges", [])]
        found += [entry["CidrIpv6"] for entry in made.get("Ipv6Ranges", [])]
        found += [entry["PrefixListId"] for entry in made.get("PrefixListIds", [])]
        found += [entry["GroupId"] for entry in made.get("UserIdGroupPairs", [])]
        for source in found:
            yield text(made["IpProtocol"], made.get("FromPort"), made.get("ToPort"), source, {})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare")
    prepare.add_argument("--incidents", type=int, default=1)
    prepare.add_argument("--instances", type=int, default=2)
    commands.add_parser("read").add_argument("groups", nargs="*")
    commands.add_parser("messages").add_argument("queue")
    arguments = parser.parse_args()

    account = Account(arguments.endpoint)
    if arguments.command == "prepare":
        result = account.prepare(arguments.incidents, arguments.instances)
    elif arguments.command == "read":
        result = account.read(arguments.groups)
    else:
        result = account.messages(arguments.queue)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
