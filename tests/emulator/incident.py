"""The account of an incident, for the end-to-end tests and the demo: prepared, and read back, with boto3.

Each incident is a compromised instance (two network interfaces with groups of their own, two volumes, a role), a user whose
access key leaked, and a bucket that a policy opened to the world; and the events that GuardDuty and CloudTrail write about
them. As a command it prints JSON:

    incident.py ENDPOINT prepare [--incidents N] [--cloudtrail ENDPOINT]
    incident.py ENDPOINT read < what `prepare` printed
"""

import argparse
import copy
import json
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
REGION = "us-east-1"
REPORTS = "acme-incident-reports"
TOPICS = ["critical-alerts", "security-alerts"]
EVENTS = Path(__file__).resolve().parent.parent / "events" / "real"

# Where GuardDuty's own scale becomes critical.
CRITICAL = 9.1


class Account:
    """An account of the emulator at an endpoint."""

    def __init__(self, endpoint):
        config = Config(retries={"max_attempts": 3}, tcp_keepalive=True)
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        for service in ("ec2", "iam", "s3", "sns", "sqs"):
            setattr(self, service, session.client(service, endpoint_url=endpoint, config=config))

    def prepare(self, incidents=1, cloudtrail=None):
        """Makes `incidents`, one more of each kind that has nothing to do with them, a bucket for reports, and topics whose
        messages can be read from a queue."""
        self.image = self.ec2.register_image(Name="linux", RootDeviceName="/dev/sda")["ImageId"]
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
        self.s3.create_bucket(Bucket=REPORTS)
        made = [self._incident(number) for number in range(incidents)]
        if cloudtrail:
            for incident in made:
                leave_traces(cloudtrail, incident["key"])
        outside = self._incident("outside")
        return {
            "incidents": [incident | {"events": events(incident)} for incident in made],
            "outside": outside,
            "careful": self._careful_bucket(),
            "reports": REPORTS,
            "queue": self._topics(),
        }

    def read(self, prepared):
        """What the account says now of all that was prepared, and every snapshot, group, report and message."""
        snapshots = self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        groups = self.ec2.describe_security_groups()["SecurityGroups"]
        return {
            "incidents": [self._read(incident) for incident in prepared["incidents"]],
            "outside": self._read(prepared["outside"]),
            "careful": self._read_bucket(prepared["careful"]["bucket"]),
            "snapshots": [
                {"id": shot["SnapshotId"], "volume": shot["VolumeId"], "tags": tags(shot.get("Tags"))}
                for shot in snapshots
            ],
            "groups": {
                group["GroupId"]: {
                    "name": group["GroupName"],
                    "vpc": group["VpcId"],
                    "ingress": len(group["IpPermissions"]),
                    "egress": len(group["IpPermissionsEgress"]),
                }
                for group in groups
            },
            "reports": self._reports(prepared["reports"]),
            "messages": self._messages(prepared["queue"]),
        }

    def _incident(self, number):
        name = f"incident-{number}"
        return {"name": name} | self._instance(name) | self._user(name) | self._bucket(name)

    def _instance(self, name):
        role = f"{name}-role"
        self.iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        groups = [self._group(f"{name}-{part}") for part in ("web", "admin")]
        devices = [{"DeviceName": f"/dev/sd{letter}", "Ebs": {"VolumeSize": 8}} for letter in "ab"]
        # With groups of the instance itself, moto would show them on every interface, whatever those have.
        first = {"DeviceIndex": 0, "SubnetId": self.subnet, "Groups": groups[:1]}
        instance = self.ec2.run_instances(
            ImageId=self.image, MinCount=1, MaxCount=1, NetworkInterfaces=[first], BlockDeviceMappings=devices,
            IamInstanceProfile={"Name": name},
        )["Instances"][0]
        second = self.ec2.create_network_interface(SubnetId=self.subnet, Groups=groups[1:])["NetworkInterface"]
        self.ec2.attach_network_interface(
            NetworkInterfaceId=second["NetworkInterfaceId"], InstanceId=instance["InstanceId"], DeviceIndex=1
        )
        found = self.ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"][0]
        return {
            "instance": found["InstanceId"],
            "interfaces": sorted(interface["NetworkInterfaceId"] for interface in found["NetworkInterfaces"]),
            "groups": groups,
            "volumes": sorted(device["Ebs"]["VolumeId"] for device in found["BlockDeviceMappings"]),
            "profile": found["IamInstanceProfile"]["Arn"],
            "role": role,
        }

    def _group(self, name):
        group = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
        world = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[world])
        return group

    def _user(self, name):
        user = f"{name}-user"
        self.iam.create_user(UserName=user)
        key, spare = (self.iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"] for _ in range(2))
        return {"user": user, "key": key, "keys": sorted([key, spare])}

    def _bucket(self, name):
        bucket = f"acme-{name}"
        self.s3.create_bucket(Bucket=bucket)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
            ],
        }
        self.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        return {"bucket": bucket}

    def _careful_bucket(self):
        """A bucket whose owner took care: encrypted with KMS, and only reached over TLS. An ACL has opened it all the same."""
        bucket = "acme-careful"
        self.s3.create_bucket(Bucket=bucket)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                    "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
        self.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/acme"}}
        self.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        self.s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
        return {"bucket": bucket, "event": bucket_opened("careful", bucket, "PutBucketAcl")}

    def _topics(self):
        queue = self.sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for name in TOPICS:
            topic = self.sns.create_topic(Name=name)["TopicArn"]
            self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return queue

    def _read(self, incident):
        instance = self.ec2.describe_instances(InstanceIds=[incident["instance"]])["Reservations"][0]["Instances"][0]
        interfaces = self.ec2.describe_network_interfaces(NetworkInterfaceIds=incident["interfaces"])
        protection = self.ec2.describe_instance_attribute(
            InstanceId=incident["instance"], Attribute="disableApiTermination"
        )
        keys = self.iam.list_access_keys(UserName=incident["user"])["AccessKeyMetadata"]
        return {
            "interfaces": {
                interface["NetworkInterfaceId"]: sorted(group["GroupId"] for group in interface["Groups"])
                for interface in interfaces["NetworkInterfaces"]
            },
            "tags": tags(instance.get("Tags")),
            "protected": protection["DisableApiTermination"]["Value"],
            "keys": {key["AccessKeyId"]: key["Status"] for key in keys},
            "role_policies": self._policies(
                incident["role"], self.iam.list_role_policies, self.iam.get_role_policy, "RoleName"
            ),
            "user_policies": self._policies(
                incident["user"], self.iam.list_user_policies, self.iam.get_user_policy, "UserName"
            ),
            "bucket": self._read_bucket(incident["bucket"]),
        }

    @staticmethod
    def _policies(name, names, get, kind):
        found = names(**{kind: name})["PolicyNames"]
        return {policy: get(**{kind: name}, PolicyName=policy)["PolicyDocument"] for policy in found}

    def _read_bucket(self, bucket):
        def get(call, member):
            try:
                return call(Bucket=bucket)[member]
            except ClientError as error:
                if error.response["Error"]["Code"] in ABSENT:
                    return None
                raise

        policy = get(self.s3.get_bucket_policy, "Policy")
        encryption = get(self.s3.get_bucket_encryption, "ServerSideEncryptionConfiguration")
        return {
            "block": get(self.s3.get_public_access_block, "PublicAccessBlockConfiguration"),
            "policy": policy and json.loads(policy),
            "encryption": encryption and encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"],
        }

    def _reports(self, bucket):
        found = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {
            item["Key"]: self.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode() for item in found
        }

    def _messages(self, queue):
        """All messages of the topics that have not been taken yet."""
        taken = []
        while batch := self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                body = json.loads(message["Body"])
                taken.append({"subject": body.get("Subject"), "message": body["Message"], "topic": body["TopicArn"]})
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return taken


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

# What S3 answers where a bucket has none of what is asked for.
ABSENT = {
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
}


def leave_traces(cloudtrail, key):
    """What an intruder with the key does first, for the emulated CloudTrail to record."""
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key="leaked", region_name=REGION)
    client = lambda service: session.client(service, endpoint_url=cloudtrail)  # noqa: E731
    client("secretsmanager").list_secrets()
    client("kms").list_keys()
    client("ssm").describe_parameters()
    client("logs").describe_log_groups()


def events(incident):
    """The events that GuardDuty and CloudTrail write about an incident: real ones, about the things that it is made of."""
    return {
        "instance": instance_finding(incident),
        "key": key_finding(incident),
        "bucket": bucket_opened(incident["name"], incident["bucket"], "PutBucketPolicy"),
    }


def instance_finding(incident):
    event = finding("guardduty-ec2", f"{incident['name']}-instance")
    detail = event["detail"]
    detail["type"] = "Backdoor:EC2/C&CActivity.B"
    detail["title"] = f"The instance {incident['instance']} talks to a command and control server"
    detail["description"] = (
        f"The EC2 instance {incident['instance']} is querying an address that is associated with a known command and "
        "control server."
    )
    details = detail["resource"]["instanceDetails"]
    details |= {"instanceId": incident["instance"], "iamInstanceProfile": {"arn": incident["profile"], "id": "AIPA1"}}
    details["networkInterfaces"][0]["networkInterfaceId"] = incident["interfaces"][0]
    return event


def key_finding(incident):
    event = finding("guardduty-iam", f"{incident['name']}-key")
    detail = event["detail"]
    detail["type"] = "UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom"
    detail["title"] = f"Access key {incident['key']} was used from a malicious address"
    detail["description"] = f"API calls were made with the access key {incident['key']} from an address of a threat list."
    detail["resource"] = {
        "resourceType": "AccessKey",
        "accessKeyDetails": {
            "accessKeyId": incident["key"],
            "principalId": "AIDACKCEVSQ6C2EXAMPLE",
            "userType": "IAMUser",
            "userName": incident["user"],
        },
    }
    return event


def finding(name, identity):
    """A GuardDuty finding that others published, of an account that is ours and critical."""
    event = copy.deepcopy(json.loads((EVENTS / f"{name}.json").read_text()))
    event |= {"id": f"event-{identity}", "account": ACCOUNT, "region": REGION}
    event["detail"] |= {
        "accountId": ACCOUNT, "region": REGION, "id": f"finding-{identity}", "severity": CRITICAL,
        "arn": f"arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/d/finding/finding-{identity}",
    }
    # The published ones are samples and archived, which are no incidents.
    event["detail"]["service"] |= {"additionalInfo": {}, "archived": False}
    return event


def bucket_opened(name, bucket, call):
    event = copy.deepcopy(json.loads((EVENTS / "c7n-event-cloud-trail-s3.json").read_text()))
    event |= {"id": f"event-{name}-bucket", "account": ACCOUNT, "region": REGION, "version": "0"}
    detail = event["detail"]
    detail |= {"eventName": call, "awsRegion": REGION, "recipientAccountId": ACCOUNT}
    detail["requestParameters"] = {"bucketName": bucket}
    issuer = detail["userIdentity"]["sessionContext"]["sessionIssuer"]
    issuer |= {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:role/Sandbox_Dev"}
    detail["userIdentity"] |= {
        "accountId": ACCOUNT, "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Sandbox_Dev/user",
    }
    return event


def tags(found):
    return {tag["Key"]: tag["Value"] for tag in found or []}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare")
    prepare.add_argument("--incidents", type=int, default=1)
    prepare.add_argument("--cloudtrail")
    commands.add_parser("read")
    arguments = parser.parse_args()

    account = Account(arguments.endpoint)
    if arguments.command == "prepare":
        result = account.prepare(arguments.incidents, arguments.cloudtrail)
    else:
        result = account.read(json.load(sys.stdin))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
