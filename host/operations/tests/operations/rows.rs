//! One row for each operation: what it is, what it sends, and how it answers.

use capability::{Access, Effect, FaultKind, Settlement};
use serde_json::{Value, json};

/// What is expected of an operation.
pub struct Row {
    pub function: &'static str,
    pub action: &'static str,
    pub access: Access,
    pub effect: Effect,
    /// Of a write.
    pub settlement: Option<Settlement>,
    pub arguments: Value,
    /// Actions and resources.
    pub touches: Vec<(&'static str, &'static str)>,
    /// What grants may compare.
    pub compared: Vec<(&'static str, Vec<&'static str>)>,
    /// The fields of the request, but for the API's version.
    pub sent: Vec<(&'static str, &'static str)>,
    /// What the service answers, and what becomes of it.
    pub reply: &'static str,
    pub output: Value,
    /// Status and code of errors of this operation, and how they are read.
    pub faults: Vec<(u16, &'static str, FaultKind)>,
}

/// All of them.
pub fn rows() -> Vec<Row> {
    vec![
        describe_security_groups(),
        revoke_security_group_ingress(),
        describe_instances(),
        describe_volumes(),
        get_managed_prefix_list_entries(),
        create_snapshot(),
        describe_snapshots(),
        get_public_access_block(),
        publish(),
    ]
}

fn describe_security_groups() -> Row {
    Row {
        function: "quell:ec2/security-groups@0.1.0#describe-security-groups",
        action: "ec2:DescribeSecurityGroups",
        access: Access::List,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({ "group-ids": ["sg-1", "sg-2"], "next-token": "t" }),
        touches: vec![("ec2:DescribeSecurityGroups", "*")],
        compared: vec![],
        sent: vec![
            ("Action", "DescribeSecurityGroups"),
            ("GroupId.1", "sg-1"),
            ("GroupId.2", "sg-2"),
            ("NextToken", "t"),
        ],
        reply: "<DescribeSecurityGroupsResponse><securityGroupInfo><item>
            <groupId>sg-1</groupId><groupName>web</groupName><ownerId>123456789012</ownerId>
            <groupDescription>Web</groupDescription><vpcId>vpc-1</vpcId>
            <ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort>
              <groups><item><groupId>sg-9</groupId><userId>123456789012</userId></item></groups>
              <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp><description>all</description></item></ipRanges>
              <ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges>
              <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item>
              <item><ipProtocol>-1</ipProtocol></item></ipPermissions>
            <tagSet><item><key>team</key><value>red</value></item></tagSet></item></securityGroupInfo>
            <nextToken>u</nextToken></DescribeSecurityGroupsResponse>",
        output: json!({
            "security-groups": [{
                "group-id": "sg-1",
                "group-name": "web",
                "vpc-id": "vpc-1",
                "owner-id": "123456789012",
                "description": "Web",
                "ip-permissions": [
                    {
                        "ip-protocol": "tcp",
                        "from-port": 22,
                        "to-port": 22,
                        "ip-ranges": [{ "cidr-ip": "0.0.0.0/0", "description": "all" }],
                        "ipv6-ranges": [{ "cidr-ipv6": "::/0" }],
                        "prefix-list-ids": [{ "prefix-list-id": "pl-1" }],
                        "user-id-group-pairs": [{ "group-id": "sg-9", "user-id": "123456789012" }],
                    },
                    {
                        "ip-protocol": "-1",
                        "ip-ranges": [],
                        "ipv6-ranges": [],
                        "prefix-list-ids": [],
                        "user-id-group-pairs": [],
                    },
                ],
                "tags": [{ "key": "team", "value": "red" }],
            }],
            "next-token": "u",
        }),
        faults: vec![(400, "InvalidGroup.NotFound", FaultKind::NotFound)],
    }
}

fn revoke_security_group_ingress() -> Row {
    Row {
        function: "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress",
        action: "ec2:RevokeSecurityGroupIngress",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Observe),
        arguments: json!({
            "group-id": "sg-1",
            "ip-permissions": [
                {
                    "ip-protocol": "tcp",
                    "from-port": 22,
                    "to-port": 22,
                    "ip-ranges": [{ "cidr-ip": "0.0.0.0/0", "description": "all" }],
                    "ipv6-ranges": [{ "cidr-ipv6": "0::/0" }],
                    "prefix-list-ids": [{ "prefix-list-id": "pl-1" }],
                    "user-id-group-pairs": [{ "group-id": "sg-9", "user-id": "123456789012" }],
                },
                {
                    "ip-protocol": "-1",
                    "ip-ranges": [{ "cidr-ip": "10.1.2.3/8" }],
                    "ipv6-ranges": [],
                    "prefix-list-ids": [],
                    "user-id-group-pairs": [],
                },
            ],
        }),
        touches: vec![("ec2:RevokeSecurityGroupIngress", "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1")],
        compared: vec![
            ("cidr", vec!["0.0.0.0/0", "::/0", "10.0.0.0/8"]),
            ("ip-protocol", vec!["tcp", "-1"]),
            ("from-port", vec!["22", "-1"]),
            ("to-port", vec!["22", "-1"]),
        ],
        sent: vec![
            ("Action", "RevokeSecurityGroupIngress"),
            ("GroupId", "sg-1"),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "22"),
            ("IpPermissions.1.ToPort", "22"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
            ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "0::/0"),
            ("IpPermissions.1.PrefixListIds.1.PrefixListId", "pl-1"),
            ("IpPermissions.1.Groups.1.GroupId", "sg-9"),
            ("IpPermissions.1.Groups.1.UserId", "123456789012"),
            ("IpPermissions.2.IpProtocol", "-1"),
            ("IpPermissions.2.IpRanges.1.CidrIp", "10.1.2.3/8"),
        ],
        reply: "<RevokeSecurityGroupIngressResponse><return>true</return></RevokeSecurityGroupIngressResponse>",
        output: json!({}),
        faults: vec![
            (400, "InvalidGroup.NotFound", FaultKind::NotFound),
            (400, "InvalidPermission.NotFound", FaultKind::NotFound),
            (400, "InvalidParameterValue", FaultKind::Invalid),
        ],
    }
}

fn describe_instances() -> Row {
    Row {
        function: "quell:ec2/instances@0.1.0#describe-instances",
        action: "ec2:DescribeInstances",
        access: Access::List,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({ "instance-ids": [], "filters": [{ "name": "instance.group-id", "values": ["sg-1", "sg-2"] }] }),
        touches: vec![("ec2:DescribeInstances", "*")],
        compared: vec![],
        sent: vec![
            ("Action", "DescribeInstances"),
            ("Filter.1.Name", "instance.group-id"),
            ("Filter.1.Value.1", "sg-1"),
            ("Filter.1.Value.2", "sg-2"),
            ("MaxResults", "100"),
        ],
        reply: "<DescribeInstancesResponse><reservationSet>
            <item><instancesSet><item><instanceId>i-1</instanceId>
              <instanceState><code>16</code><name>running</name></instanceState><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId>
              <groupSet><item><groupId>sg-1</groupId><groupName>web</groupName></item></groupSet>
              <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId></ebs></item>
              <item><deviceName>/dev/sdb</deviceName></item></blockDeviceMapping>
              <tagSet><item><key>team</key><value>red</value></item></tagSet></item></instancesSet></item>
            <item><instancesSet><item><instanceId>i-2</instanceId><instanceState><name>terminated</name></instanceState>
            </item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
        output: json!({
            "instances": [
                {
                    "instance-id": "i-1",
                    "state": "running",
                    "vpc-id": "vpc-1",
                    "subnet-id": "subnet-1",
                    "security-groups": [{ "group-id": "sg-1", "group-name": "web" }],
                    "block-device-mappings": [
                        { "device-name": "/dev/xvda", "volume-id": "vol-1" },
                        { "device-name": "/dev/sdb" },
                    ],
                    "tags": [{ "key": "team", "value": "red" }],
                },
                {
                    "instance-id": "i-2",
                    "state": "terminated",
                    "security-groups": [],
                    "block-device-mappings": [],
                    "tags": [],
                },
            ],
        }),
        faults: vec![(400, "InvalidInstanceID.NotFound", FaultKind::NotFound)],
    }
}

fn describe_volumes() -> Row {
    Row {
        function: "quell:ec2/volumes@0.1.0#describe-volumes",
        action: "ec2:DescribeVolumes",
        access: Access::List,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({ "volume-ids": ["vol-1"], "filters": [] }),
        touches: vec![("ec2:DescribeVolumes", "*")],
        compared: vec![],
        sent: vec![("Action", "DescribeVolumes"), ("VolumeId.1", "vol-1")],
        reply:
            "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><status>in-use</status><size>8</size>
            <encrypted>true</encrypted><attachmentSet><item><instanceId>i-1</instanceId><device>/dev/xvda</device>
            <status>attached</status></item></attachmentSet></item></volumeSet></DescribeVolumesResponse>",
        output: json!({
            "volumes": [{
                "volume-id": "vol-1",
                "state": "in-use",
                "size": 8,
                "encrypted": true,
                "attachments": [{ "instance-id": "i-1", "device": "/dev/xvda", "state": "attached" }],
                "tags": [],
            }],
        }),
        faults: vec![(400, "InvalidVolume.NotFound", FaultKind::NotFound)],
    }
}

fn get_managed_prefix_list_entries() -> Row {
    Row {
        function: "quell:ec2/prefix-lists@0.1.0#get-managed-prefix-list-entries",
        action: "ec2:GetManagedPrefixListEntries",
        access: Access::Read,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({ "prefix-list-id": "pl-1" }),
        touches: vec![("ec2:GetManagedPrefixListEntries", "arn:aws:ec2:eu-central-1:123456789012:prefix-list/pl-1")],
        compared: vec![],
        sent: vec![("Action", "GetManagedPrefixListEntries"), ("PrefixListId", "pl-1"), ("MaxResults", "100")],
        reply:
            "<GetManagedPrefixListEntriesResponse><entrySet><item><cidr>0.0.0.0/0</cidr><description>all</description>
            </item><item><cidr>10.0.0.0/8</cidr></item></entrySet><nextToken>u</nextToken>
            </GetManagedPrefixListEntriesResponse>",
        output: json!({
            "entries": [{ "cidr": "0.0.0.0/0", "description": "all" }, { "cidr": "10.0.0.0/8" }],
            "next-token": "u",
        }),
        faults: vec![(400, "InvalidPrefixListID.NotFound", FaultKind::NotFound)],
    }
}

fn create_snapshot() -> Row {
    Row {
        function: "quell:ec2/snapshots@0.1.0#create-snapshot",
        action: "ec2:CreateSnapshot",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Observe),
        arguments: json!({
            "volume-id": "vol-1", "description": "evidence", "tags": [{ "key": "case", "value": "7" }],
        }),
        touches: vec![
            ("ec2:CreateSnapshot", "arn:aws:ec2:eu-central-1:123456789012:volume/vol-1"),
            ("ec2:CreateSnapshot", "arn:aws:ec2:eu-central-1::snapshot/*"),
            ("ec2:CreateTags", "arn:aws:ec2:eu-central-1::snapshot/*"),
        ],
        compared: vec![],
        sent: vec![
            ("Action", "CreateSnapshot"),
            ("VolumeId", "vol-1"),
            ("Description", "evidence"),
            ("TagSpecification.1.ResourceType", "snapshot"),
            ("TagSpecification.1.Tag.1.Key", "case"),
            ("TagSpecification.1.Tag.1.Value", "7"),
            ("TagSpecification.1.Tag.2.Key", "quell:call"),
            ("TagSpecification.1.Tag.2.Value", "0123456789abcdef0123456789abcdef"),
        ],
        reply:
            "<CreateSnapshotResponse><snapshotId>snap-1</snapshotId><volumeId>vol-1</volumeId><status>pending</status>
            <startTime>2026-01-02T03:04:05.000Z</startTime><description>evidence</description>
            <tagSet><item><key>case</key><value>7</value></item></tagSet></CreateSnapshotResponse>",
        output: json!({
            "snapshot-id": "snap-1",
            "volume-id": "vol-1",
            "state": "pending",
            "start-time": "2026-01-02T03:04:05Z",
            "description": "evidence",
            "tags": [{ "key": "case", "value": "7" }],
        }),
        faults: vec![
            (400, "InvalidVolume.NotFound", FaultKind::NotFound),
            (400, "IncorrectState", FaultKind::Conflict),
            (400, "SnapshotCreationPerVolumeRateExceeded", FaultKind::Throttled),
        ],
    }
}

fn describe_snapshots() -> Row {
    Row {
        function: "quell:ec2/snapshots@0.1.0#describe-snapshots",
        action: "ec2:DescribeSnapshots",
        access: Access::List,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({ "snapshot-ids": [], "filters": [{ "name": "volume-id", "values": ["vol-1"] }] }),
        touches: vec![("ec2:DescribeSnapshots", "*")],
        compared: vec![],
        sent: vec![
            ("Action", "DescribeSnapshots"),
            ("Owner.1", "self"),
            ("Filter.1.Name", "volume-id"),
            ("Filter.1.Value.1", "vol-1"),
            ("MaxResults", "100"),
        ],
        reply: "<DescribeSnapshotsResponse><snapshotSet><item><snapshotId>snap-1</snapshotId><volumeId>vol-1</volumeId>
            <status>completed</status><startTime>2026-01-02T03:04:05.678Z</startTime><description/></item></snapshotSet>
            </DescribeSnapshotsResponse>",
        output: json!({
            "snapshots": [{
                "snapshot-id": "snap-1",
                "volume-id": "vol-1",
                "state": "completed",
                "start-time": "2026-01-02T03:04:05.678Z",
                "description": "",
                "tags": [],
            }],
        }),
        faults: vec![(400, "InvalidSnapshot.NotFound", FaultKind::NotFound)],
    }
}

fn get_public_access_block() -> Row {
    Row {
        function: "quell:s3/buckets@0.1.0#get-public-access-block",
        action: "s3:GetBucketPublicAccessBlock",
        access: Access::Read,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({ "bucket": "acme-data" }),
        touches: vec![("s3:GetBucketPublicAccessBlock", "arn:aws:s3:::acme-data")],
        compared: vec![],
        sent: vec![("line", "GET /acme-data/?publicAccessBlock"), ("x-amz-expected-bucket-owner", "123456789012")],
        reply: "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>
            <BlockPublicPolicy>false</BlockPublicPolicy></PublicAccessBlockConfiguration>",
        output: json!({ "block-public-acls": true, "block-public-policy": false }),
        faults: vec![
            (404, "NoSuchPublicAccessBlockConfiguration", FaultKind::NotFound),
            (404, "NoSuchBucket", FaultKind::NotFound),
        ],
    }
}

fn publish() -> Row {
    Row {
        function: "quell:sns/topics@0.1.0#publish",
        action: "sns:Publish",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Review),
        arguments: json!({
            "topic-arn": "arn:aws:sns:eu-central-1:123456789012:alerts", "subject": "fixed", "message": "a & b\n",
        }),
        touches: vec![("sns:Publish", "arn:aws:sns:eu-central-1:123456789012:alerts")],
        compared: vec![],
        sent: vec![
            ("Action", "Publish"),
            ("TopicArn", "arn:aws:sns:eu-central-1:123456789012:alerts"),
            ("Subject", "fixed"),
            ("Message", "a & b\n"),
        ],
        reply: "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>",
        output: json!({ "message-id": "m-1" }),
        faults: vec![
            (404, "NotFound", FaultKind::NotFound),
            (403, "AuthorizationError", FaultKind::AccessDenied),
            (400, "InvalidParameter", FaultKind::Invalid),
        ],
    }
}
