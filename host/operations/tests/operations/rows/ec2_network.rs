//! The rows of EC2's network: security groups, network interfaces, prefix lists.

use capability::{Access, Effect, FaultKind, Settlement};
use serde_json::{Value, json};

use super::Row;

pub fn rows() -> Vec<Row> {
    vec![
        describe_security_groups(),
        create_security_group(),
        delete_security_group(),
        authorize_security_group_ingress(),
        revoke_security_group_ingress(),
        revoke_security_group_egress(),
        describe_network_interfaces(),
        modify_network_interface_attribute(),
        get_managed_prefix_list_entries(),
    ]
}

fn describe_security_groups() -> Row {
    Row {
        function: "quell:ec2/security-groups@0.1.0#describe-security-groups",
        action: "ec2:DescribeSecurityGroups",
        access: Access::List,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({
            "group-ids": ["sg-1", "sg-2"], "filters": [{ "name": "vpc-id", "values": ["vpc-1"] }], "next-token": "t",
        }),
        touches: vec![("ec2:DescribeSecurityGroups", "*")],
        compared: vec![],
        sent: vec![
            ("Action", "DescribeSecurityGroups"),
            ("GroupId.1", "sg-1"),
            ("GroupId.2", "sg-2"),
            ("Filter.1.Name", "vpc-id"),
            ("Filter.1.Value.1", "vpc-1"),
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
            <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol>
              <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>
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
                "ip-permissions-egress": [{
                    "ip-protocol": "-1",
                    "ip-ranges": [{ "cidr-ip": "0.0.0.0/0" }],
                    "ipv6-ranges": [],
                    "prefix-list-ids": [],
                    "user-id-group-pairs": [],
                }],
                "tags": [{ "key": "team", "value": "red" }],
            }],
            "next-token": "u",
        }),
        faults: vec![(400, "InvalidGroup.NotFound", FaultKind::NotFound)],
    }
}

fn create_security_group() -> Row {
    Row {
        function: "quell:ec2/security-groups@0.1.0#create-security-group",
        action: "ec2:CreateSecurityGroup",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Observe),
        arguments: json!({
            "group-name": "isolation", "description": "Lets nothing through", "vpc-id": "vpc-1",
            "tags": [{ "key": "case", "value": "7" }],
        }),
        touches: vec![
            ("ec2:CreateSecurityGroup", "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-1"),
            ("ec2:CreateSecurityGroup", "arn:aws:ec2:eu-central-1:123456789012:security-group/*"),
            ("ec2:CreateTags", "arn:aws:ec2:eu-central-1:123456789012:security-group/*"),
        ],
        compared: vec![("group-name", vec!["isolation"])],
        sent: vec![
            ("Action", "CreateSecurityGroup"),
            ("GroupName", "isolation"),
            ("GroupDescription", "Lets nothing through"),
            ("VpcId", "vpc-1"),
            ("TagSpecification.1.ResourceType", "security-group"),
            ("TagSpecification.1.Tag.1.Key", "case"),
            ("TagSpecification.1.Tag.1.Value", "7"),
            ("TagSpecification.1.Tag.2.Key", "quell:call"),
            ("TagSpecification.1.Tag.2.Value", "0123456789abcdef0123456789abcdef"),
        ],
        reply: "<CreateSecurityGroupResponse><return>true</return><groupId>sg-1</groupId><tagSet><item><key>case</key>
            <value>7</value></item></tagSet></CreateSecurityGroupResponse>",
        output: json!({ "group-id": "sg-1" }),
        faults: vec![
            (400, "InvalidVpcID.NotFound", FaultKind::NotFound),
            (400, "InvalidGroup.Duplicate", FaultKind::Conflict),
            (400, "SecurityGroupLimitExceeded", FaultKind::Conflict),
            (400, "InvalidGroup.Reserved", FaultKind::Invalid),
        ],
    }
}

fn delete_security_group() -> Row {
    Row {
        function: "quell:ec2/security-groups@0.1.0#delete-security-group",
        action: "ec2:DeleteSecurityGroup",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Compare),
        arguments: json!({ "group-id": "sg-1" }),
        touches: vec![("ec2:DeleteSecurityGroup", "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1")],
        compared: vec![],
        sent: vec![("Action", "DeleteSecurityGroup"), ("GroupId", "sg-1")],
        reply: "<DeleteSecurityGroupResponse><return>true</return><groupId>sg-1</groupId></DeleteSecurityGroupResponse>",
        output: json!({}),
        faults: vec![
            (400, "InvalidGroup.NotFound", FaultKind::NotFound),
            (400, "DependencyViolation", FaultKind::Conflict),
            (400, "CannotDelete", FaultKind::Conflict),
        ],
    }
}

/// Rules of every kind of source, in EC2's spelling and in others.
fn rules() -> Value {
    json!([
        {
            "ip-protocol": "6",
            "from-port": 22,
            "to-port": 22,
            "ip-ranges": [{ "cidr-ip": "0.0.0.0/0", "description": "all" }],
            "ipv6-ranges": [{ "cidr-ipv6": "0::/0" }],
            "prefix-list-ids": [{ "prefix-list-id": "pl-1", "description": "office" }],
            "user-id-group-pairs": [{ "group-id": "sg-9", "user-id": "123456789012" }],
        },
        {
            "ip-protocol": "-1",
            "ip-ranges": [{ "cidr-ip": "10.1.2.3/8" }],
            "ipv6-ranges": [],
            "prefix-list-ids": [],
            "user-id-group-pairs": [],
        },
    ])
}

/// The arguments of rules, as grants compare them.
fn compared() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("cidr", vec!["0.0.0.0/0", "::/0", "10.0.0.0/8"]),
        ("prefix-list-id", vec!["pl-1"]),
        ("referenced-group-id", vec!["sg-9"]),
        ("ip-protocol", vec!["tcp", "-1"]),
        ("from-port", vec!["22", "-1"]),
        ("to-port", vec!["22", "-1"]),
    ]
}

/// The fields of a request for the rules, without their descriptions.
fn fields() -> Vec<(&'static str, &'static str)> {
    vec![
        ("GroupId", "sg-1"),
        ("IpPermissions.1.IpProtocol", "6"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "0::/0"),
        ("IpPermissions.1.PrefixListIds.1.PrefixListId", "pl-1"),
        ("IpPermissions.1.Groups.1.GroupId", "sg-9"),
        ("IpPermissions.1.Groups.1.UserId", "123456789012"),
        ("IpPermissions.2.IpProtocol", "-1"),
        ("IpPermissions.2.IpRanges.1.CidrIp", "10.1.2.3/8"),
    ]
}

fn authorize_security_group_ingress() -> Row {
    let mut sent = fields();
    sent.extend([
        ("Action", "AuthorizeSecurityGroupIngress"),
        ("IpPermissions.1.IpRanges.1.Description", "all"),
        ("IpPermissions.1.PrefixListIds.1.Description", "office"),
    ]);
    Row {
        function: "quell:ec2/security-groups@0.1.0#authorize-security-group-ingress",
        action: "ec2:AuthorizeSecurityGroupIngress",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Compare),
        arguments: json!({ "group-id": "sg-1", "ip-permissions": rules() }),
        touches: vec![(
            "ec2:AuthorizeSecurityGroupIngress",
            "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1",
        )],
        compared: compared(),
        sent,
        reply: "<AuthorizeSecurityGroupIngressResponse><return>true</return><securityGroupRuleSet><item>
            <securityGroupRuleId>sgr-1</securityGroupRuleId></item></securityGroupRuleSet></AuthorizeSecurityGroupIngressResponse>",
        output: json!({}),
        faults: vec![
            (400, "InvalidGroup.NotFound", FaultKind::NotFound),
            (400, "InvalidPermission.Duplicate", FaultKind::Conflict),
            (400, "RulesPerSecurityGroupLimitExceeded", FaultKind::Conflict),
            (400, "InvalidParameterValue", FaultKind::Invalid),
        ],
    }
}

fn revoke_security_group_ingress() -> Row {
    Row {
        reply: "<RevokeSecurityGroupIngressResponse><return>true</return></RevokeSecurityGroupIngressResponse>",
        ..revoke(
            "quell:ec2/security-groups@0.1.0#revoke-security-group-ingress",
            "ec2:RevokeSecurityGroupIngress",
            "RevokeSecurityGroupIngress",
        )
    }
}

fn revoke_security_group_egress() -> Row {
    Row {
        reply: "<RevokeSecurityGroupEgressResponse><return>true</return></RevokeSecurityGroupEgressResponse>",
        ..revoke(
            "quell:ec2/security-groups@0.1.0#revoke-security-group-egress",
            "ec2:RevokeSecurityGroupEgress",
            "RevokeSecurityGroupEgress",
        )
    }
}

/// In what both revocations are alike: all but the answer.
fn revoke(function: &'static str, action: &'static str, name: &'static str) -> Row {
    let mut sent = fields();
    sent.push(("Action", name));
    Row {
        function,
        action,
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Compare),
        arguments: json!({ "group-id": "sg-1", "ip-permissions": rules() }),
        touches: vec![(action, "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1")],
        compared: compared(),
        sent,
        reply: "",
        output: json!({}),
        faults: vec![
            (400, "InvalidGroup.NotFound", FaultKind::NotFound),
            (400, "InvalidPermission.NotFound", FaultKind::NotFound),
            (400, "InvalidParameterValue", FaultKind::Invalid),
        ],
    }
}

fn describe_network_interfaces() -> Row {
    Row {
        function: "quell:ec2/network-interfaces@0.1.0#describe-network-interfaces",
        action: "ec2:DescribeNetworkInterfaces",
        access: Access::List,
        effect: Effect::Read,
        settlement: None,
        arguments: json!({
            "network-interface-ids": [], "filters": [{ "name": "group-id", "values": ["sg-1"] }], "next-token": "t",
        }),
        touches: vec![("ec2:DescribeNetworkInterfaces", "*")],
        compared: vec![],
        sent: vec![
            ("Action", "DescribeNetworkInterfaces"),
            ("Filter.1.Name", "group-id"),
            ("Filter.1.Value.1", "sg-1"),
            ("MaxResults", "100"),
            ("NextToken", "t"),
        ],
        reply: "<DescribeNetworkInterfacesResponse><networkInterfaceSet>
            <item><networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
              <description>Primary</description><ownerId>123456789012</ownerId><requesterManaged>false</requesterManaged>
              <status>in-use</status><interfaceType>interface</interfaceType><privateIpAddress>10.0.1.4</privateIpAddress>
              <groupSet><item><groupId>sg-1</groupId><groupName>web</groupName></item></groupSet>
              <attachment><attachmentId>eni-attach-1</attachmentId><instanceId>i-1</instanceId><deviceIndex>1</deviceIndex>
                <status>attached</status></attachment>
              <association><publicIp>203.0.113.7</publicIp></association>
              <tagSet><item><key>team</key><value>red</value></item></tagSet></item>
            <item><networkInterfaceId>eni-2</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
              <description/><requesterManaged>true</requesterManaged><status>available</status>
              <interfaceType>vpc_endpoint</interfaceType><groupSet/></item></networkInterfaceSet><nextToken>u</nextToken>
            </DescribeNetworkInterfacesResponse>",
        output: json!({
            "network-interfaces": [
                {
                    "network-interface-id": "eni-1",
                    "status": "in-use",
                    "interface-type": "interface",
                    "description": "Primary",
                    "requester-managed": false,
                    "vpc-id": "vpc-1",
                    "subnet-id": "subnet-1",
                    "private-ip-address": "10.0.1.4",
                    "public-ip": "203.0.113.7",
                    "groups": [{ "group-id": "sg-1", "group-name": "web" }],
                    "attachment": {
                        "attachment-id": "eni-attach-1", "instance-id": "i-1", "device-index": 1, "status": "attached",
                    },
                    "tags": [{ "key": "team", "value": "red" }],
                },
                {
                    "network-interface-id": "eni-2",
                    "status": "available",
                    "interface-type": "vpc_endpoint",
                    "description": "",
                    "requester-managed": true,
                    "vpc-id": "vpc-1",
                    "subnet-id": "subnet-1",
                    "groups": [],
                    "tags": [],
                },
            ],
            "next-token": "u",
        }),
        faults: vec![(400, "InvalidNetworkInterfaceID.NotFound", FaultKind::NotFound)],
    }
}

fn modify_network_interface_attribute() -> Row {
    Row {
        function: "quell:ec2/network-interfaces@0.1.0#modify-network-interface-attribute",
        action: "ec2:ModifyNetworkInterfaceAttribute",
        access: Access::Write,
        effect: Effect::Write,
        settlement: Some(Settlement::Compare),
        arguments: json!({ "network-interface-id": "eni-1", "groups": ["sg-1", "sg-2"] }),
        touches: vec![
            ("ec2:ModifyNetworkInterfaceAttribute", "arn:aws:ec2:eu-central-1:123456789012:network-interface/eni-1"),
            ("ec2:ModifyNetworkInterfaceAttribute", "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1"),
            ("ec2:ModifyNetworkInterfaceAttribute", "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-2"),
        ],
        compared: vec![("group-id", vec!["sg-1", "sg-2"])],
        sent: vec![
            ("Action", "ModifyNetworkInterfaceAttribute"),
            ("NetworkInterfaceId", "eni-1"),
            ("SecurityGroupId.1", "sg-1"),
            ("SecurityGroupId.2", "sg-2"),
        ],
        reply: "",
        output: json!({}),
        faults: vec![
            (400, "InvalidNetworkInterfaceID.NotFound", FaultKind::NotFound),
            (400, "InvalidGroup.NotFound", FaultKind::NotFound),
            (400, "SecurityGroupsPerInterfaceLimitExceeded", FaultKind::Conflict),
            (400, "InvalidParameterCombination", FaultKind::Invalid),
        ],
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
