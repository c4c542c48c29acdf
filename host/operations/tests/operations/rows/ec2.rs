//! The rows of EC2 but for those of its network.

use capability::{Access, Effect, FaultKind, Settlement};
use serde_json::json;

use super::Row;

pub fn rows() -> Vec<Row> {
    vec![
        describe_instances(),
        describe_instance_attribute(),
        modify_instance_attribute(),
        describe_volumes(),
        create_snapshot(),
        describe_snapshots(),
        create_tags(),
    ]
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
              <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet>
              <iamInstanceProfile><arn>arn:aws:iam::123456789012:instance-profile/web</arn><id>AIPA1</id></iamInstanceProfile>
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
                    "network-interface-ids": ["eni-1"],
                    "iam-instance-profile": "arn:aws:iam::123456789012:instance-profile/web",
                    "tags": [{ "key": "team", "value": "red" }],
                },
                {
                    "instance-id": "i-2",
                    "state": "terminated",
                    "security-groups": [],
                    "block-device-mappings": [],
                    "network-interface-ids": [],
                    "tags": [],
                },
            ],
        }),
        faults: vec![(400, "InvalidInstanceID.NotFound", FaultKind::NotFound)],
    }
}

fn describe_instance_attribute() -> Row {
    Row {
        function: "quell:ec2/instances@0.1.0#describe-instance-attribute",
        action: "ec2:DescribeInstanceAttribute",
        access: Access::List,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({ "instance-id": "i-1", "attribute": "disable-api-termination" }),
        touches: vec![("ec2:DescribeInstanceAttribute", "arn:aws:ec2:eu-central-1:123456789012:instance/i-1")],
        compared: vec![],
        sent: vec![
            ("Action", "DescribeInstanceAttribute"),
            ("InstanceId", "i-1"),
            ("Attribute", "disableApiTermination"),
        ],
        reply: "<DescribeInstanceAttributeResponse><instanceId>i-1</instanceId>
            <disableApiTermination><value>true</value></disableApiTermination></DescribeInstanceAttributeResponse>",
        output: json!({ "disable-api-termination": true }),
        faults: vec![(400, "InvalidInstanceID.NotFound", FaultKind::NotFound)],
    }
}

fn modify_instance_attribute() -> Row {
    Row {
        function: "quell:ec2/instances@0.1.0#modify-instance-attribute",
        action: "ec2:ModifyInstanceAttribute",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Compare),
        arguments: json!({ "instance-id": "i-1", "attribute": { "disable-api-termination": true } }),
        touches: vec![("ec2:ModifyInstanceAttribute", "arn:aws:ec2:eu-central-1:123456789012:instance/i-1")],
        compared: vec![("attribute", vec!["disableApiTermination"]), ("value", vec!["true"])],
        sent: vec![
            ("Action", "ModifyInstanceAttribute"),
            ("InstanceId", "i-1"),
            ("Attribute", "disableApiTermination"),
            ("Value", "true"),
        ],
        reply: "",
        output: json!({}),
        faults: vec![
            (400, "InvalidInstanceID.NotFound", FaultKind::NotFound),
            (400, "IncorrectInstanceState", FaultKind::Conflict),
            (400, "OperationNotPermitted", FaultKind::Conflict),
            (400, "InvalidParameterValue", FaultKind::Invalid),
        ],
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

fn create_tags() -> Row {
    Row {
        function: "quell:ec2/tags@0.1.0#create-tags",
        action: "ec2:CreateTags",
        access: Access::Tagging,
        effect: Effect::Write,
        settlement: Some(Settlement::Compare),
        arguments: json!({
            "resources": ["i-1", "snap-1"],
            "tags": [{ "key": "quarantine", "value": "yes" }, { "key": "case", "value": "7" }],
        }),
        touches: vec![
            ("ec2:CreateTags", "arn:aws:ec2:eu-central-1:123456789012:instance/i-1"),
            ("ec2:CreateTags", "arn:aws:ec2:eu-central-1::snapshot/snap-1"),
        ],
        compared: vec![("tag-key", vec!["quarantine", "case"])],
        sent: vec![
            ("Action", "CreateTags"),
            ("ResourceId.1", "i-1"),
            ("ResourceId.2", "snap-1"),
            ("Tag.1.Key", "quarantine"),
            ("Tag.1.Value", "yes"),
            ("Tag.2.Key", "case"),
            ("Tag.2.Value", "7"),
        ],
        reply: "",
        output: json!({}),
        faults: vec![
            (400, "InvalidInstanceID.NotFound", FaultKind::NotFound),
            (400, "InvalidSnapshot.NotFound", FaultKind::NotFound),
            (400, "TagLimitExceeded", FaultKind::Conflict),
            (400, "ConcurrentTagAccess", FaultKind::Conflict),
            (400, "InvalidID", FaultKind::Invalid),
        ],
    }
}
