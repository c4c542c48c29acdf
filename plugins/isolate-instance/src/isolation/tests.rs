//! Isolating an instance of an account in memory.

mod account;
mod adversity;

use quell_sdk::ec2::instances::InstanceAttribute;

use self::account::{Account, Connection, INSTANCE, denied, detail, input, interface, permission};
use super::*;
use crate::record;

/// Two interfaces in one VPC, one in another.
fn account() -> Account {
    Account::new(vec![
        interface(0, "vpc-1", &["sg-a", "sg-b"]),
        interface(1, "vpc-1", &["sg-c"]),
        interface(2, "vpc-2", &["sg-d"]),
    ])
}

const BEFORE: [&[&str]; 3] = [&["sg-a", "sg-b"], &["sg-c"], &["sg-d"]];

/// Holds that everything is isolated, and that nothing is left to be done.
fn assert_isolated(account: &mut Account) {
    for (number, vpc) in ["vpc-1", "vpc-1", "vpc-2"].into_iter().enumerate().take(account.interfaces.len()) {
        assert_eq!(account.groups_of(number), [account.closed(vpc)], "eni-{number}");
    }
    assert!(
        account.groups.iter().all(|group| group.group_name.starts_with("quell-isolation-")),
        "{:?}",
        account.groups
    );
    assert_eq!(account.attributes[0], InstanceAttribute::DisableApiTermination(true));
    assert_eq!(account.attributes[1], InstanceAttribute::InstanceInitiatedShutdownBehavior("stop".to_owned()));
    assert_eq!(account.tag_of_instance("quell-isolated"), Some("2026-01-02T03:04:05Z"));
    assert_eq!(account.tag_of_instance("quell-incident"), Some("finding-1"));

    let output = account.isolate().unwrap();
    assert_eq!(account.writes, Vec::<String>::new());
    assert!(!output.changed && output.interfaces.iter().all(|it| !it.moved && !it.connections_cut), "{output:?}");
    assert!(output.summary.starts_with(&format!("`{INSTANCE}` is isolated already; ")), "{}", output.summary);
}

fn recorded(account: &Account) -> Vec<Vec<String>> {
    account.interfaces.iter().map(|(interface, _)| record::read(&interface.tags)).collect()
}

#[test]
fn every_interface_is_isolated_and_its_connections_are_cut() {
    let mut account = account();

    let output = account.isolate().unwrap();

    assert_eq!((output.outcome, output.changed), (Outcome::Isolated, true));
    assert_eq!(account.connections(), [Connection::Cut; 3]);
    assert_eq!(recorded(&account), BEFORE);
    let told: Vec<_> = output.interfaces.iter().map(|it| it.previous_groups.clone()).collect();
    assert_eq!(told, BEFORE);
    assert!(output.interfaces.iter().all(|it| it.moved && it.connections_cut));
    assert_eq!(output.security_group.as_deref(), Some(account.closed("vpc-1")));
    assert_eq!((output.termination_protection, output.shutdown_behavior.as_deref()), (Some(true), Some("stop")));
    assert_eq!(output.interfaces[0].public_ip.as_deref(), Some("198.51.100.7"));
    assert_isolated(&mut account);
}

#[test]
fn what_is_told_is_one_sentence() {
    let mut account = Account::new(vec![interface(0, "vpc-1", &["sg-a", "sg-b"])]);
    let summary = account.isolate().unwrap().summary;
    assert_eq!(
        summary,
        format!(
            "`{INSTANCE}` is isolated; `eni-0` has sg-made-1 in place of sg-a, sg-b, connections cut; it is protected \
             from termination; a shutdown from inside will stop it"
        )
    );
}

#[test]
fn an_interface_is_open_for_the_time_of_one_call_and_protected_before() {
    let mut account = account();
    account.isolate().unwrap();
    let opened: Vec<usize> =
        (0..account.writes.len()).filter(|at| account.writes[*at].contains(" quell-opening-")).collect();
    let opened: Vec<usize> = opened.into_iter().filter(|at| account.writes[*at].starts_with("set-group")).collect();
    assert_eq!(opened.len(), 3);
    for at in opened {
        assert_eq!(account.writes[at + 1], account.writes[at].replace("opening", "isolation"));
    }
    assert_eq!(account.writes[..2], ["set-attribute 0", "set-attribute 1"]);
}

#[test]
fn a_write_that_fails_stops_nothing_else_and_is_done_by_the_next_try() {
    let mut clean = account();
    clean.isolate().unwrap();
    for number in 0..clean.writes.len() {
        let mut account = account();
        account.throttle = Some(number);

        let result = account.isolate();

        let write = account.writes[number].clone();
        if write.starts_with("set-group") && write.contains("quell-isolation") {
            // It would be open until the next try: it is done again at once.
            assert_eq!(account.writes[number + 1], write);
            result.unwrap();
            assert_isolated(&mut account);
            continue;
        }
        let failure = result.unwrap_err();
        assert_eq!(failure.code, "throttled", "{write}: {}", failure.message);
        let open = account.connections().into_iter().filter(|it| *it == Connection::Untracked).count();
        assert_eq!(open, 0, "{write} left an interface open: {}", failure.message);
        if write.starts_with("tag eni-") {
            assert!(failure.message.contains(", which were sg-"), "{}", failure.message);
        }
        account.heal();
        account.isolate().unwrap();
        let lost = recorded(&account).iter().filter(|groups| groups.is_empty()).count();
        assert_eq!(lost, usize::from(write.starts_with("tag eni-")), "{write}: {:?}", recorded(&account));
        assert_isolated(&mut account);
    }
}

#[test]
fn a_try_that_ends_anywhere_is_finished_by_the_next() {
    let mut clean = account();
    clean.isolate().unwrap();
    for writes in 0..clean.writes.len() {
        let mut account = account();
        account.dies_after = Some(writes);
        account.isolate().unwrap_err();

        account.heal();
        account.isolate().unwrap();

        assert_eq!(account.connections(), [Connection::Cut; 3], "after {writes} writes");
        assert_eq!(recorded(&account), BEFORE, "after {writes} writes");
        assert_isolated(&mut account);
    }
}

#[test]
fn an_open_interface_that_cannot_be_isolated_loses_the_open_rules() {
    let mut account = account().refuse("set-group eni-0 quell-isolation", denied());

    let failure = account.isolate().unwrap_err();

    assert_eq!(failure.code, "access-denied");
    assert!(failure.message.contains("giving `eni-0` the security group without rules"), "{}", failure.message);
    let opening = account.groups.iter().find(|group| group.group_name.starts_with("quell-opening")).unwrap();
    assert_eq!(account.groups_of(0), [opening.group_id.as_str()]);
    assert!(opening.ip_permissions.is_empty() && opening.ip_permissions_egress.is_empty());
    assert_eq!(account.groups_of(1), [account.closed("vpc-1")], "the others are isolated");
    assert_eq!(account.tag_of_instance("quell-isolated"), None);
    let past = "set-group eni-1 quell-opening";
    assert!(!account.writes.iter().any(|write| write.starts_with(past)), "it is no longer open: {:?}", account.writes);
    assert!(failure.message.contains("connections of `eni-1` that are there are not cut"), "{}", failure.message);

    let again = account.isolate().unwrap_err();
    assert_eq!(again.code, "access-denied");
    assert!(!account.writes.iter().any(|write| write.starts_with("delete")), "it is in use: {:?}", account.writes);
    account.heal();
    account.isolate().unwrap();
    assert_isolated(&mut account);
    assert_eq!(recorded(&account), BEFORE);
}

#[test]
fn an_interface_that_stays_open_is_told_loudly() {
    let mut account = account().refuse("set-group eni-0 quell-isolation", denied()).refuse("revoke-ingress", denied());
    let failure = account.isolate().unwrap_err();
    assert!(failure.message.contains("which is OPEN TO EVERYBODY"), "{}", failure.message);
}

#[test]
fn without_an_open_group_it_is_isolated_and_that_is_told() {
    for write in ["create-group quell-opening", "authorize quell-opening", "set-group eni-0 quell-opening"] {
        let mut account = Account::new(vec![interface(0, "vpc-1", &["sg-a"])]).refuse(write, denied());

        let failure = account.isolate().unwrap_err();

        assert_eq!(failure.code, "access-denied");
        assert!(failure.message.contains("that are there are not cut"), "{}", failure.message);
        assert_eq!(
            (account.groups_of(0), account.connections()),
            (vec![account.closed("vpc-1").to_owned()], vec![Connection::Tracked])
        );
        account.heal();
        account.isolate().unwrap();
        assert_isolated(&mut account);
        assert_eq!(account.connections(), [Connection::Tracked], "it is not opened again");
    }
}

#[test]
fn connections_are_left_where_that_is_asked_for_or_there_are_none() {
    let mut running = account();
    let output = running.isolate_as(&Input { cut_connections: false, ..input() }).unwrap();
    assert!(output.interfaces.iter().all(|it| it.moved && !it.connections_cut));
    assert_eq!(running.connections(), [Connection::Tracked; 3]);
    assert!(!running.writes.iter().any(|write| write.contains("opening")), "{:?}", running.writes);
    assert_isolated(&mut running);

    let mut stopped = account();
    stopped.instance.as_mut().unwrap().state = "stopped".to_owned();
    let output = stopped.isolate().unwrap();
    assert_eq!((output.outcome, output.state.as_deref()), (Outcome::Isolated, Some("stopped")));
    assert!(!stopped.writes.iter().any(|write| write.contains("opening")), "{:?}", stopped.writes);
    assert_isolated(&mut stopped);
}

#[test]
fn a_group_that_got_rules_loses_them() {
    let mut account = Account::new(vec![interface(0, "vpc-1", &["sg-found"])]);
    let mut rules = [vec![permission(&["10.0.0.0/8", "0.0.0.0/0"], &["::/0"])], vec![permission(&[], &["2600::/16"])]];
    rules[1].push(permission(&["0.0.0.0/0"], &[]));
    account.add_group("sg-found", &format!("quell-isolation-{INSTANCE}"), "vpc-1", rules);
    let output = account.isolate().unwrap();
    assert!(output.changed);
    assert_eq!(account.writes[2..], ["revoke-ingress sg-found", "revoke-egress sg-found", &format!("tag {INSTANCE}")]);
    assert_isolated(&mut account);
}

#[test]
fn a_group_that_lets_something_in_isolates_nothing() {
    let name = format!("quell-isolation-{INSTANCE}");
    for (denied_write, groups) in [("revoke-ingress", "sg-a"), ("revoke-egress", "sg-found")] {
        let mut account = Account::new(vec![interface(0, "vpc-1", &["sg-a"])]).refuse(denied_write, denied());
        let rules = [vec![permission(&["0.0.0.0/0"], &[])], vec![permission(&["0.0.0.0/0"], &[])]];
        account.add_group("sg-found", &name, "vpc-1", rules);
        let failure = account.isolate().unwrap_err();
        assert_eq!((failure.code.as_str(), account.groups_of(0)), ("access-denied", vec![groups.to_owned()]));
        account.heal();
        account.isolate().unwrap();
        assert_isolated(&mut account);
    }
}

#[test]
fn rules_that_somebody_else_removes_meanwhile_are_no_failure() {
    let mut account = Account::new(vec![interface(0, "vpc-1", &["sg-found"])]);
    account.add_group("sg-found", &format!("quell-isolation-{INSTANCE}"), "vpc-1", [vec![], vec![]]);
    let mut stale = account.groups[0].clone();
    stale.ip_permissions = vec![permission(&["10.0.0.0/8"], &[])];
    assert_eq!(crate::groups::close(&mut account, &mut stale), Ok(true));
    assert_eq!(account.writes, ["revoke-ingress sg-found"]);
}

#[test]
fn a_new_group_may_show_late() {
    let mut account = Account { hidden: 3, ..account() };
    account.isolate().unwrap();
    assert_isolated(&mut account);

    let mut account = Account { hidden: 2, ..self::account() };
    let owner = Owner { instance_id: INSTANCE, vpc_id: "vpc-1", suffix: "run-1-1" };
    let group = crate::groups::make(&mut account, &owner, crate::groups::Purpose::Isolation).unwrap();
    assert!(group.tags.iter().any(|tag| tag.key == crate::groups::TAG), "a grant may hang on it: {group:?}");

    let mut account = Account { hidden: 1_000, ..self::account() };
    assert_eq!(account.isolate().unwrap_err().code, "unavailable");
    account.heal();
    account.isolate().unwrap();
    assert_isolated(&mut account);
}

#[test]
fn an_interface_that_got_another_group_is_isolated_again_and_nothing_is_forgotten() {
    let mut account = account();
    account.isolate().unwrap();
    let isolation = account.closed("vpc-1").to_owned();
    let both = interface(0, "vpc-1", &[&isolation, "sg-new"]).groups;
    account.interfaces[0].0.groups = both;

    let output = account.isolate().unwrap();

    assert_eq!(output.interfaces.iter().filter(|it| it.moved).count(), 1);
    assert_eq!(recorded(&account)[0], ["sg-a", "sg-b", "sg-new"]);
    assert_isolated(&mut account);
}

#[test]
fn an_instance_that_was_let_out_and_is_isolated_again_has_the_new_record() {
    let mut account = account();
    account.isolate().unwrap();
    for number in 0..3 {
        account.interfaces[number].0.groups = interface(0, "", &["sg-later"]).groups;
    }
    account.isolate_as(&Input { incident: Some("finding-2".to_owned()), ..input() }).unwrap();
    assert_eq!(account.tag_of_instance("quell-incident"), Some("finding-2"));
    assert_eq!(recorded(&account), [["sg-later"]; 3]);
}

#[test]
fn another_incident_does_not_write_over_the_first() {
    let mut account = account();
    account.isolate().unwrap();
    account.isolate_as(&Input { incident: Some("finding-2".to_owned()), ..input() }).unwrap();
    assert_eq!(account.writes, Vec::<String>::new());
    assert_eq!(account.tag_of_instance("quell-incident"), Some("finding-1"));
}

#[test]
fn what_a_service_manages_is_told_and_not_touched() {
    let mut managed = interface(1, "vpc-1", &["sg-service"]);
    (managed.requester_managed, managed.description) = (true, "of a service".to_owned());
    let mut account = Account::new(vec![interface(0, "vpc-1", &["sg-a"]), managed]);

    let output = account.isolate().unwrap();

    assert_eq!(output.outcome, Outcome::PartlyIsolated);
    assert_eq!((output.interfaces.len(), output.managed_interfaces.len()), (1, 1));
    assert_eq!(output.managed_interfaces[0].groups, ["sg-service"]);
    assert!(output.summary.contains("not touched, since an AWS service manages it: `eni-1`"), "{}", output.summary);
    assert_eq!(account.groups_of(1), ["sg-service"]);
    assert!(!account.isolate().unwrap().changed);
}

#[test]
fn protection_that_the_instance_cannot_have_is_told_and_fails_nothing() {
    let unsupported = Error::Invalid(detail("UnsupportedOperation"));
    let mut account = account().refuse("set-attribute 0", unsupported);
    let output = account.isolate().unwrap();
    assert_eq!((output.outcome, output.termination_protection), (Outcome::Isolated, Some(false)));
    let unprotected: Vec<_> = output.unprotected.iter().map(|it| (it.what.as_str(), it.code.as_str())).collect();
    assert_eq!(unprotected, [("termination-protection", "invalid")]);
    assert!(output.summary.contains("without termination protection"), "{}", output.summary);
}

#[test]
fn protection_that_is_denied_fails_once_it_is_isolated() {
    let mut account = account().refuse("set-attribute 1", denied());
    let failure = account.isolate().unwrap_err();
    assert_eq!(failure.code, "access-denied");
    assert!(failure.message.starts_with(&format!("`{INSTANCE}` is isolated, but: setting the shutdown behavior")));
    assert_eq!(account.connections(), [Connection::Cut; 3]);
    account.heal();
    account.isolate().unwrap();
    assert_eq!(account.writes, ["set-attribute 1"]);
    assert_isolated(&mut account);
}

#[test]
fn an_instance_that_is_no_more_is_an_outcome() {
    for state in ["terminated", "shutting-down"] {
        let mut account = account();
        account.instance.as_mut().unwrap().state = state.to_owned();
        let output = account.isolate().unwrap();
        assert_eq!(
            (output.outcome, output.state.as_deref(), output.changed),
            (Outcome::Terminated, Some(state), false)
        );
        assert_eq!(account.writes, Vec::<String>::new());
    }
    let mut account = Account { instance: None, ..account() };
    let output = account.isolate().unwrap();
    assert_eq!((output.outcome, output.state, output.changed), (Outcome::Gone, None, false));
    assert!(output.summary.contains("in account 111122223333, region eu-central-1"), "{}", output.summary);
}

#[test]
fn an_interface_that_goes_meanwhile_is_no_failure() {
    let gone = Error::NotFound(detail("InvalidNetworkInterfaceID.NotFound"));
    let mut account = account().refuse("set-group eni-1", gone.clone()).refuse("tag eni-1", gone);
    let output = account.isolate().unwrap();
    let isolated: Vec<_> = output.interfaces.iter().map(|it| it.network_interface_id.as_str()).collect();
    assert_eq!(isolated, ["eni-0", "eni-2"]);
}

#[test]
fn the_group_of_auto_scaling_is_told() {
    let mut account = account();
    let tag = Tag { key: "aws:autoscaling:groupName".to_owned(), value: "web".to_owned() };
    account.instance.as_mut().unwrap().tags.push(tag);
    let output = account.isolate().unwrap();
    assert_eq!(output.auto_scaling_group.as_deref(), Some("web"));
    assert!(
        output.summary.ends_with("the Auto Scaling group `web` may terminate it all the same"),
        "{}",
        output.summary
    );
}

#[test]
fn input_that_cannot_be_is_refused() {
    let refused = |input: Input| account().isolate_as(&input).unwrap_err().code;
    for id in ["", "i-", "i-*", "i-0 ", "I-0abc", "eni-0"] {
        assert_eq!(refused(Input { instance_id: id.to_owned(), ..input() }), "invalid-input", "{id}");
    }
    assert_eq!(refused(Input { incident: Some(String::new()), ..input() }), "invalid-input");
    assert_eq!(refused(Input { incident: Some("x".repeat(257)), ..input() }), "invalid-input");
}
