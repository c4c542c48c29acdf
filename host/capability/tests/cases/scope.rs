//! C07 to C10, C14, C21: regions, accounts, partitions, odd ARNs, tags.

use std::collections::BTreeMap;

use capability::{Fault, FaultKind};
use cases::case;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, READ, REGION, THING, Tags, World, allow, on, touching};

const NOT_ALLOWED: &str = "implicit-deny, 0 sent";
const OUTSIDE: &str = "out-of-scope, 0 sent";

/// A write to a resource under a grant of everything, and a read of it, which comes to the same.
async fn reach(resource: &str) -> String {
    let step = World::granting(json!([allow("*", "*")])).step("a");
    let seen = step.write("thing:Put", resource).await;
    assert_eq!(step.call(READ, touching("thing:Get", resource)).await, seen);
    seen
}

#[tokio::test]
async fn c07_c08_c09_no_grant_reaches_out_of_the_run() {
    assert_eq!(reach(THING).await, "1 sent");
    let role = "arn:aws:iam::123456789012:role/app";
    assert_eq!(reach(role).await, "1 sent");
    let region = THING.replace(REGION, "us-east-1");
    case("C07", "another region than the run's", OUTSIDE, reach(&region).await);
    let regional = role.replace("iam::", "iam:us-east-1:");
    case("C07", "a region in the arn of a global service", OUTSIDE, reach(&regional).await);
    case("C07", "the run's region in upper case", OUTSIDE, reach(&THING.replace(REGION, "EU-CENTRAL-1")).await);
    let account = THING.replace(ACCOUNT, "210987654321");
    case("C08", "another account than the run's", OUTSIDE, reach(&account).await);
    case("C08", "a role of another account", OUTSIDE, reach("arn:aws:iam::210987654321:role/app").await);
    case("C08", "`*` for the account", OUTSIDE, reach(&THING.replace(ACCOUNT, "*")).await);
    for partition in ["aws-cn", "aws-us-gov"] {
        let arn = THING.replacen("aws", partition, 1);
        case("C09", &format!("the partition {partition}"), OUTSIDE, reach(&arn).await);
    }
    case("C09", "an empty account and region, in another partition", OUTSIDE, reach("arn:aws-cn:s3:::acme").await);
}

#[tokio::test]
async fn c07_c08_c09_what_the_grant_says_of_them_holds() {
    async fn under(statement: Value, resource: &str) -> String {
        World::granting(json!([statement])).step("a").write("thing:Put", resource).await
    }
    let region = |region: &str| json!({ "StringEquals": { "aws:RequestedRegion": region } });
    let account = |account: &str| json!({ "StringEquals": { "aws:ResourceAccount": account } });
    let elsewhere = under(on(allow("*", "*"), region("us-east-1")), THING).await;
    case("C07", "a grant for another region, by condition", NOT_ALLOWED, elsewhere);
    let elsewhere = under(allow("*", &THING.replace(REGION, "us-*")), THING).await;
    case("C07", "a grant for other regions, by arn", NOT_ALLOWED, elsewhere);
    let role = "arn:aws:iam::123456789012:role/app";
    let seen = under(allow("*", &role.replace("iam::", "iam:eu-central-1:")), role).await;
    case("C07", "a grant for a region, on what is global", NOT_ALLOWED, seen);
    assert_eq!(under(on(allow("*", "*"), region(REGION)), role).await, "1 sent");
    let other = under(on(allow("*", "*"), account("210987654321")), THING).await;
    case("C08", "a grant for another account, by condition", NOT_ALLOWED, other);
    let other = under(allow("*", &THING.replace(ACCOUNT, "210987654321")), THING).await;
    case("C08", "a grant for another account, by arn", NOT_ALLOWED, other);
    assert_eq!(under(on(allow("*", "*"), account(ACCOUNT)), THING).await, "1 sent");
    let china = under(allow("*", &THING.replacen("aws", "aws-cn", 1)), THING).await;
    case("C09", "a grant for another partition", NOT_ALLOWED, china);
}

#[tokio::test]
async fn c10_an_odd_arn_is_not_the_clean_one() {
    let step = World::granting(json!([allow("*", THING)])).step("a");
    assert_eq!(step.write("thing:Put", THING).await, "1 sent");
    let with = |end: &str| THING.replace("thing/7", end);
    for (trick, resource, expected) in [
        ("`*` for the name", with("thing/*"), NOT_ALLOWED),
        ("`*` for everything", "*".into(), NOT_ALLOWED),
        ("`?` for a letter", with("thing/?"), NOT_ALLOWED),
        ("`%2f` for the slash", with("thing%2f7"), NOT_ALLOWED),
        ("`../` in the name", with("thing/x/../7"), NOT_ALLOWED),
        ("a slash behind", with("thing/7/"), NOT_ALLOWED),
        ("upper case", with("THING/7"), NOT_ALLOWED),
        ("upper case in front", with("thing/7").replace("arn", "ARN"), NOT_ALLOWED),
        ("a letter that looks alike", with("th\u{456}ng/7"), NOT_ALLOWED),
        ("white space behind", with("thing/7 "), NOT_ALLOWED),
        ("white space in front", format!(" {THING}"), NOT_ALLOWED),
        ("a line end behind", with("thing/7\n"), NOT_ALLOWED),
        ("a zero byte behind", with("thing/7\0"), NOT_ALLOWED),
        ("4 KiB behind", with(&format!("thing/7{}", "x".repeat(4096))), NOT_ALLOWED),
        ("the arn twice", format!("{THING}{THING}"), NOT_ALLOWED),
        ("the end of the arn alone", "thing/7".into(), NOT_ALLOWED),
        ("nothing", String::new(), NOT_ALLOWED),
        ("white space in the account", THING.replace(ACCOUNT, " 123456789012"), OUTSIDE),
        ("digits that look alike", THING.replace(ACCOUNT, "12345678901\u{ff12}"), OUTSIDE),
    ] {
        case("C10", trick, expected, step.write("thing:Put", &resource).await);
    }
}

#[tokio::test]
async fn c10_no_name_reaches_into_another_account() {
    // The name itself looks like the rest of an arn: `*` in a pattern must not read it as an account.
    let step = World::granting(json!([allow("*", "arn:aws:thing:eu-central-1:*:123456789012:thing/7")])).step("a");
    let arn = "arn:aws:thing:eu-central-1:123456789012:x:123456789012:thing/7";
    case("C10", "a name that looks like the rest of an arn", NOT_ALLOWED, step.write("thing:Put", arn).await);
}

fn tagged(key: &str, value: &str) -> Tags {
    Ok(Some(BTreeMap::from([(key.to_string(), value.to_string())])))
}

#[tokio::test]
async fn c14_tags_are_asked_for_at_every_call() {
    let condition = json!({ "StringEquals": { "aws:ResourceTag/team": "red" } });
    let step = World::granting(json!([on(allow("*", "*"), condition)])).step("a");
    let world = step.world.clone();
    let under = async |tags: Tags| {
        *world.tags.lock().unwrap() = tags;
        step.write("thing:Put", THING).await
    };
    case("C14", "the granted tag", "1 sent", under(tagged("team", "red")).await);
    case("C14", "the tag changed since the last call", NOT_ALLOWED, under(tagged("team", "blue")).await);
    case("C14", "a tag of that name in upper case", "1 sent", under(tagged("TEAM", "red")).await);
    case("C14", "another tag", NOT_ALLOWED, under(tagged("owner", "red")).await);
    case("C14", "no tags", NOT_ALLOWED, under(Ok(Some(BTreeMap::new()))).await);
    let both = [("team", "red"), ("Team", "blue")].map(|(key, value)| (key.to_string(), value.to_string()));
    case("C14", "two tags that differ by case", NOT_ALLOWED, under(Ok(Some(BTreeMap::from(both)))).await);
    let unreadable = Fault::known(FaultKind::AccessDenied, "AccessDenied", "no");
    case("C14", "tags that cannot be read", NOT_ALLOWED, under(Err(unreadable)).await);
}

#[tokio::test]
async fn c21_what_is_protected_is_above_every_grant() {
    let protected = json!({
        "Sid": "Protected", "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "StringEquals": { "aws:ResourceTag/do-not-touch": "yes" } }
    });
    let world = World::new(Some(json!([allow("*", "*"), protected])));
    world.grant("a", json!([allow("*", "*")]));
    let step = world.step("a");
    let under = async |tags: Tags| {
        *world.tags.lock().unwrap() = tags;
        step.write("thing:Put", THING).await
    };
    let denied = "guardrail by Protected of guardrail, 0 sent";
    case("C21", "a protected resource under a grant of everything", denied, under(tagged("do-not-touch", "yes")).await);
    case("C21", "the protecting tag in upper case", denied, under(tagged("DO-NOT-TOUCH", "yes")).await);
    let unreadable = Fault::known(FaultKind::AccessDenied, "AccessDenied", "no");
    case("C21", "tags that cannot be read", denied, under(Err(unreadable)).await);
    case("C21", "a resource that is not protected", "1 sent", under(tagged("team", "red")).await);
}
