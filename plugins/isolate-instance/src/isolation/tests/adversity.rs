//! What an instance, or whoever holds it, and errors at the wrong moment may do against its isolation.

use super::account::permission;
use super::*;

/// Whether any interface lets anything in by a group that was made.
fn is_any_open(account: &Account) -> bool {
    let has = |id: &str| account.interfaces.iter().any(|(it, _)| it.groups.iter().any(|group| group.group_id == id));
    account.groups.iter().any(|group| has(&group.group_id) && !group.ip_permissions.is_empty())
}

#[test]
fn an_error_that_passes_leaves_nothing_open() {
    let code = || detail("Sometimes");
    for (error, times) in [
        (Error::Throttled(code()), 4),
        (Error::Unavailable(code()), 4),
        (Error::Conflict(code()), 4),
        (Error::NotFound(detail("InvalidGroup.NotFound")), 4),
        (Error::Other(code()), 4),
        (denied(), 1),
    ] {
        let mut account = account();
        account.passing = vec![("set-group eni-0 quell-isolation", error.clone(), times)];
        account.isolate().unwrap();
        let closing = account.writes.iter().filter(|write| write.starts_with("set-group eni-0 quell-isolation"));
        assert_eq!(closing.count(), times + 1, "{error:?}");
        assert_eq!(account.connections(), [Connection::Cut; 3], "{error:?}");
        assert_isolated(&mut account);
    }
}

#[test]
fn what_does_not_pass_is_given_up_and_disarmed() {
    for (error, tries) in [(denied(), 2), (Error::Invalid(detail("Never")), 1), (Error::Unavailable(detail("Down")), 5)]
    {
        let mut account = account().refuse("set-group eni-0 quell-isolation", error.clone());
        account.passing = vec![("revoke-ingress", Error::Throttled(detail("RequestLimitExceeded")), 3)];
        account.isolate().unwrap_err();
        let closing = account.writes.iter().filter(|write| write.starts_with("set-group eni-0 quell-isolation"));
        assert_eq!(closing.count(), tries, "{error:?}");
        assert!(!is_any_open(&account), "{error:?}: {:?}", account.groups);
    }
}

#[test]
fn an_opening_whose_answer_is_an_error_is_disarmed_like_one_that_worked() {
    let mut account = account().refuse("set-group eni-0 quell-isolation", denied());
    // The change may have been made all the same.
    account.passing = vec![("set-group eni-0 quell-opening", Error::Unavailable(detail("Lost")), 1)];
    account.isolate().unwrap_err();
    assert!(account.writes.iter().any(|write| write.starts_with("revoke-ingress")), "{:?}", account.writes);
}

/// An interface that an attempt of another run left open, in a group with a name of its own.
fn left_open() -> Account {
    let mut account = account();
    let open = || vec![permission(&["0.0.0.0/0"], &["::/0"])];
    account.add_group("sg-left", &format!("quell-opening-{INSTANCE}-run-0-1"), "vpc-1", [open(), open()]);
    account.interfaces[0].0.groups = interface(0, "vpc-1", &["sg-left"]).groups;
    account
}

#[test]
fn an_attempt_closes_first_what_another_left_open() {
    let mut account = left_open();
    account.isolate().unwrap();
    let closed = account.writes.iter().position(|write| write.starts_with("set-group eni-0 quell-isolation")).unwrap();
    let opened = account.writes.iter().position(|write| write.contains("quell-opening")).unwrap();
    assert!(closed < opened, "{:?}", account.writes);
    assert!(!account.writes.iter().any(|write| write.starts_with("set-group eni-0 quell-opening")));
    assert_isolated(&mut account);
}

#[test]
fn what_another_left_open_is_disarmed_where_there_is_no_way_to_isolate() {
    let mut account = left_open().refuse("create-group quell-isolation", denied());
    assert!(is_any_open(&account));
    account.isolate().unwrap_err();
    assert!(!is_any_open(&account), "{:?}", account.groups);
}

#[test]
fn an_interface_that_stays_in_a_disarmed_group_is_not_opened_again_for_another() {
    let mut account = account().refuse("set-group eni-0 quell-isolation", denied());
    account.isolate().unwrap_err();
    account.interfaces[1].0.groups = interface(1, "vpc-1", &["sg-c"]).groups;
    account.isolate().unwrap_err();
    assert!(!is_any_open(&account));
    let stuck = account.groups_of(0);
    assert!(!account.writes.iter().any(|write| write == &format!("authorize quell-opening-{INSTANCE}")), "{stuck:?}");
    account.heal();
    account.isolate().unwrap();
    assert_isolated(&mut account);
}

#[test]
fn names_that_somebody_else_has_are_not_in_the_way_and_their_groups_are_not_used() {
    let mut account = account();
    account.add_foreign("sg-trap", &format!("quell-isolation-{INSTANCE}"), "vpc-1");
    account.add_foreign("sg-gate", &format!("quell-opening-{INSTANCE}"), "vpc-1");
    // It is in the group already, as if it were isolated.
    account.interfaces[0].0.groups = interface(0, "vpc-1", &["sg-trap"]).groups;

    let output = account.isolate().unwrap();

    let isolation = account.groups.iter().find(|group| group.group_name.ends_with("-run-1-1")).unwrap().clone();
    assert_eq!(isolation.group_name, format!("quell-isolation-{INSTANCE}-run-1-1"));
    assert!(isolation.ip_permissions.is_empty() && isolation.ip_permissions_egress.is_empty());
    assert!(isolation.tags.iter().any(|tag| tag.key == crate::groups::TAG && tag.value == INSTANCE));
    assert_eq!(
        (account.groups_of(0), account.groups_of(1)),
        (vec![isolation.group_id.clone()], vec![isolation.group_id])
    );
    assert_eq!(account.connections(), [Connection::Cut; 3]);
    assert_eq!(output.interfaces[0].previous_groups, ["sg-trap"]);
    for foreign in ["sg-trap", "sg-gate"] {
        let group = account.groups.iter().find(|group| group.group_id == foreign).expect("it is left alone");
        assert!(!group.ip_permissions.is_empty());
    }
    assert!(!account.isolate().unwrap().changed, "a second run finds the group by its tag");
    assert_eq!(account.writes, Vec::<String>::new());
}

#[test]
fn a_tag_alone_makes_no_group_ours() {
    let name = format!("quell-isolation-{INSTANCE}");
    for (name, vpc, value) in [
        ("web", "vpc-1", INSTANCE),
        (&format!("{name}0"), "vpc-1", INSTANCE),
        (&name, "vpc-1", "i-0another"),
        (&name, "vpc-2", INSTANCE),
    ] {
        let mut account = Account::new(vec![interface(0, "vpc-1", &["sg-found"])]);
        account.add_group("sg-found", name, vpc, [Vec::new(), Vec::new()]);
        account.groups[0].tags[0].value = value.to_owned();
        account.isolate().unwrap();
        assert!(!account.groups_of(0).contains(&"sg-found".to_owned()), "{name} {vpc} {value}");
    }
}

#[test]
fn a_name_of_ours_that_another_run_has_just_taken_is_found() {
    let mut account = account();
    account.isolate().unwrap();
    let owner = Owner { instance_id: INSTANCE, vpc_id: "vpc-1", suffix: "run-2-1" };
    let isolation = account.closed("vpc-1").to_owned();
    let made = crate::groups::make(&mut account, &owner, crate::groups::Purpose::Isolation).unwrap();
    assert_eq!(made.group_id, isolation);
}
