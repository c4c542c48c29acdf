//! Runs that wait for a place before they begin.

use workflow::{Effect, Event, Illegal, Run, RunStatus};

use super::simulation::Simulation;

const SOURCE: &str = "name: w\ntimeout: 1h\nsteps:\n  - id: a\n    plugin: p\n";

/// A run that waits behind another.
fn queued() -> Simulation {
    let mut simulation = Simulation::new(SOURCE);
    simulation.append(Event::Queued { behind: Some("r-0".to_owned()) });
    simulation
}

#[test]
fn nothing_begins_before_there_is_a_place() {
    let mut simulation = queued();
    assert_eq!(simulation.settle(), []);
    assert_eq!(simulation.run.status(), RunStatus::Queued);
    assert_eq!(simulation.run.queued().and_then(|queued| queued.behind.as_deref()), Some("r-0"));
    assert_eq!(simulation.run.steps().count(), 0);

    // What it may take counts from when it begins.
    simulation.now = 7_200_000;
    simulation.append(Event::Admitted);
    let effects = simulation.settle();
    assert_eq!(simulation.run.status(), RunStatus::Running);
    let timeout = effects.iter().find_map(|effect| match effect {
        Effect::Wake { at, event: Event::RunTimedOut, .. } => Some(*at),
        _ => None,
    });
    assert_eq!(timeout, Some(7_200_000 + 3_600_000));
    assert_eq!((simulation.run.started_at(), simulation.run.began_at()), (0, 7_200_000));
    let log = simulation.log.iter().map(|(event, at)| (event, *at));
    assert_eq!(Run::fold(log), Ok(simulation.run.clone()));
}

#[test]
fn a_run_that_is_cancelled_while_it_waits_has_ended() {
    let mut simulation = queued();
    simulation.append(Event::CancelRequested { by: "bob".to_owned(), reason: None });
    simulation.settle();
    assert_eq!(simulation.run.status(), RunStatus::Cancelled);
    assert_eq!(simulation.run.steps().count(), 0);
}

#[test]
fn a_place_is_waited_for_once_and_before_all_else() {
    let mut simulation = queued();
    let again = Event::Queued { behind: None };
    assert_eq!(simulation.run.apply(&again, 0), Err(Illegal::Place));
    simulation.append(Event::Admitted);
    assert_eq!(simulation.run.apply(&Event::Admitted, 0), Err(Illegal::Place));
    simulation.settle();
    assert_eq!(simulation.run.apply(&again, 0), Err(Illegal::Place));
}
