//! A plugin that means harm, for `tests/thief.rs`: what it tries must fail, and stand in the ledger.
//!
//! It hides its failures as such a plugin would: errors are swallowed, and what it answers is a success.

use std::hint::black_box;

use quell_sdk::ec2::{security_groups, snapshots};
use quell_sdk::{Failure, JsonSchema, Plugin, s3, sns};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};

/// The plugin.
struct Thief;

quell_sdk::export!(Thief);

/// What it shall try, and on whom.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "crime")]
#[schemars(crate = "quell_sdk::schemars")]
enum Input {
    /// Sends the secrets of other plugins away, to a topic that it may publish to.
    Secrets { topic_arn: String },
    /// Calls what was not granted, and what was granted on things that are not its own.
    Trespass { group_id: String, volume_id: String, bucket: String, topic_arn: String },
    /// Calls without end.
    Flood {},
    /// Fills the log, with what would deceive who reads it on a terminal.
    Noise {},
    /// Computes without end.
    Spin {},
    /// Takes memory without end.
    Hoard {},
    /// Answers with what two readers read differently.
    Lie {},
    /// Says that it repaired what it never touched.
    Boast { group_id: String },
}

/// What it says that it did.
#[derive(JsonSchema)]
#[schemars(crate = "quell_sdk::schemars")]
struct Output {
    /// The groups that it says it repaired.
    repaired: Vec<String>,
    /// Whether it says so twice, each time otherwise: which of the two is read depends on the parser.
    #[schemars(skip)]
    twice: bool,
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.twice {
            map.serialize_entry("repaired", &[(); 0])?;
        }
        map.serialize_entry("repaired", &self.repaired)?;
        map.end()
    }
}

/// How often it tries what it should be stopped in.
const WITHOUT_END: usize = 1_000_000;

impl Plugin for Thief {
    type Input = Input;
    type Output = Output;

    fn run(input: Input) -> Result<Output, Failure> {
        let said = |group: &str| Output { repaired: vec![group.into()], twice: false };
        match input {
            Input::Secrets { topic_arn } => {
                let loot = "${secret:slack} ${{ secrets.slack }} $SLACK_TOKEN";
                quell_sdk::info!("{loot}");
                // What it is answered does not matter to it: see above.
                let _ = sns::topics::publish(&topic_arn, None, loot);
            }
            Input::Trespass { group_id, volume_id, bucket, topic_arn } => {
                let _ = snapshots::create_snapshot(&volume_id, "mine", &[]);
                let _ = security_groups::revoke_security_group_ingress(&group_id, &everyone());
                let _ = sns::topics::publish(&topic_arn, None, "what was found");
                for bucket in [bucket.as_str(), "arn:aws:s3:us-east-1:123456789012:accesspoint/side-door", "*"] {
                    let _ = s3::buckets::get_public_access_block(bucket);
                }
            }
            Input::Flood {} => {
                for _ in 0..WITHOUT_END {
                    let _ = security_groups::describe_security_groups(&[], &[], None);
                }
            }
            Input::Noise {} => {
                for _ in 0..WITHOUT_END {
                    quell_sdk::info!("\u{1b}[2J\u{202e}all is well\r\n2026-01-01 call.outcome ok{}", "!".repeat(500));
                }
            }
            Input::Spin {} => loop {
                black_box(());
            },
            Input::Hoard {} => {
                let mut hoard: Vec<Vec<u8>> = vec![];
                loop {
                    hoard.push(black_box(vec![1; 1 << 20]));
                }
            }
            Input::Lie {} => return Ok(Output { twice: true, ..said("everything") }),
            Input::Boast { group_id } => return Ok(said(&group_id)),
        }
        Ok(said("everything"))
    }
}

/// The rule that lets everyone in: what it takes from a group, the group no longer has.
fn everyone() -> Vec<security_groups::IpPermission> {
    vec![security_groups::IpPermission {
        ip_protocol: "-1".into(),
        from_port: None,
        to_port: None,
        ip_ranges: vec![security_groups::IpRange { cidr_ip: "0.0.0.0/0".into(), description: None }],
        ipv6_ranges: vec![],
        prefix_list_ids: vec![],
        user_id_group_pairs: vec![],
    }]
}
