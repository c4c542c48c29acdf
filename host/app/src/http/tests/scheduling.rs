//! Runs that the time starts, by a clock that moves when it is told to.

use cases::case;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::clock::StillClock;
use super::server::{ACCOUNT, Folder, REGION, Server, told};

/// A workflow that waits for people, so that nothing has to be done.
fn workflow(on: &str) -> String {
    format!(
        "name: tick\non:\n{on}\nsteps:\n  - id: ask\n    \
         approval: {{ title: Sure?, approvers: [\"group:leads\"] }}\n"
    )
}

const HOURLY: &str = "  - schedule: { cron: \"0 * * * *\" }";

async fn put(server: &Server, source: &str) -> (u16, String) {
    let put = server.put("/v1/workflows/tick", &server.admin).header("content-type", "application/yaml");
    told(put.body(source.to_owned())).await
}

/// The times for which there are runs, the newest first.
async fn runs(server: &Server) -> Vec<String> {
    let mut times = vec![];
    for run in server.see("/v1/runs").await["runs"].as_array().unwrap() {
        let run = server.see(&format!("/v1/runs/{}", run["run"].as_str().unwrap())).await;
        times.push(run["event"]["detail"]["scheduled"].as_str().unwrap().to_owned());
    }
    times
}

/// The same as soon as there are so many.
async fn once(server: &Server, count: usize) -> Vec<String> {
    loop {
        let seen = runs(server).await;
        if seen.len() >= count {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_time_starts_one_run() {
    let clock = StillClock::at("2026-03-01T06:59:00Z");
    let server = Server::at(&Folder::new(), clock.clone()).await;
    assert_eq!(put(&server, &workflow(HOURLY)).await.0, 200);
    assert_eq!(runs(&server).await, [""; 0]);
    let keeper = server.installation.clone();
    let (leave, stay) = watch::channel(false);
    let kept = tokio::spawn(async move { keeper.keep_schedules(stay).await });
    clock.set("2026-03-01T07:00:00Z");
    assert_eq!(once(&server, 1).await, ["2026-03-01T07:00:00Z"]);
    clock.set("2026-03-01T08:00:00.500Z");
    assert_eq!(once(&server, 2).await, ["2026-03-01T08:00:00Z", "2026-03-01T07:00:00Z"]);

    let id = server.see("/v1/runs").await["runs"][0]["run"].as_str().unwrap().to_owned();
    let run = server.see(&format!("/v1/runs/{id}")).await;
    assert_eq!(
        run["event"],
        json!({
            "version": "0", "id": "schedule-tick-2026-03-01T08:00:00Z", "source": "quell.schedule",
            "detail-type": "Scheduled Run", "account": ACCOUNT, "region": REGION, "time": "2026-03-01T08:00:00Z",
            "resources": [], "detail": {
                "scheduled": "2026-03-01T08:00:00Z", "workflow": "tick", "cron": "0 * * * *", "timezone": "UTC",
            },
        })
    );
    assert_eq!(
        (&run["by"], &run["account"], &run["region"]),
        (&json!("quell:schedule"), &json!(ACCOUNT), &json!(REGION))
    );
    let started = server.see(&format!("/v1/ledger?run={id}&kind=run.started")).await;
    assert_eq!(started["entries"][0]["actor"], "host");
    leave.send_replace(true);
    kept.await.expect("the schedules are kept until they are told to stop");
}

#[tokio::test]
async fn restarts_and_clocks_that_are_set_start_nothing_twice() {
    let folder = Folder::new();
    let clock = StillClock::at("2026-03-01T06:30:00Z");
    let server = Server::at(&folder, clock.clone()).await;
    put(&server, &workflow(HOURLY)).await;
    clock.set("2026-03-01T07:00:00Z");
    server.installation.start_scheduled().await;
    server.stop().await;

    // The same time again, after a restart; then after a downtime, the latest time only.
    let server = Server::at(&folder, clock.clone()).await;
    server.installation.start_scheduled().await;
    let seen = runs(&server).await;
    case("E27", "a restart at the scheduled time", "2026-03-01T07:00:00Z", seen.join(" "));
    server.stop().await;
    clock.set("2026-03-01T11:20:00Z");
    let server = Server::at(&folder, clock.clone()).await;
    server.installation.start_scheduled().await;
    let seen = runs(&server).await.join(" ");
    case("E27", "a downtime of four hours", "2026-03-01T11:00:00Z 2026-03-01T07:00:00Z", seen);
    // A clock that is set back does not repeat what was.
    clock.set("2026-03-01T11:05:00Z");
    server.installation.start_scheduled().await;
    clock.set("2026-03-01T07:30:00Z");
    server.installation.start_scheduled().await;
    clock.set("2026-03-01T11:00:00Z");
    server.installation.start_scheduled().await;
    let seen = runs(&server).await.join(" ");
    case("E27", "a clock that is set back", "2026-03-01T11:00:00Z 2026-03-01T07:00:00Z", seen);
    // A time that was missed by more than a day is not made up for.
    let daily = workflow("  - schedule: { cron: \"0 6 1 * *\" }");
    assert_eq!(put(&server, &daily).await.0, 200);
    clock.set("2026-04-02T06:00:00.001Z");
    server.installation.start_scheduled().await;
    assert_eq!(runs(&server).await.len(), 2);
}

#[tokio::test]
async fn what_was_changed_counts_from_the_change_on() {
    let clock = StillClock::at("2026-03-01T07:30:00Z");
    let server = Server::at(&Folder::new(), clock.clone()).await;
    put(&server, &workflow(HOURLY)).await;
    server.installation.start_scheduled().await;
    assert_eq!(runs(&server).await, [""; 0], "it was stored after the last time");
    let switch = |how: &str| {
        let path = format!("/v1/workflows/tick/{how}");
        told(server.post(&path, &server.admin).json(&json!({})))
    };
    assert_eq!(switch("disable").await.0, 204);
    clock.set("2026-03-01T08:00:00Z");
    server.installation.start_scheduled().await;
    clock.set("2026-03-01T08:30:00Z");
    assert_eq!(switch("enable").await.0, 204);
    server.installation.start_scheduled().await;
    assert_eq!(runs(&server).await, [""; 0], "it was disabled when its time came");
    clock.set("2026-03-01T09:00:00Z");
    server.installation.start_scheduled().await;
    assert_eq!(runs(&server).await, ["2026-03-01T09:00:00Z"]);
}

#[tokio::test]
async fn a_schedule_acts_in_a_place_that_is_configured() {
    let clock = StillClock::at("2026-03-01T07:30:00Z");
    let server = Server::at(&Folder::new(), clock.clone()).await;
    let elsewhere = "  - schedule: { cron: \"0 * * * *\", account: \"999999999999\" }";
    assert_eq!(put(&server, &workflow(elsewhere)).await, (422, "invalid".into()));
    let named = format!("  - schedule: {{ cron: \"0 * * * *\", account: \"{ACCOUNT}\", region: {REGION} }}");
    assert_eq!(put(&server, &workflow(&named)).await.0, 200);
    assert_eq!(server.see("/v1/workflows/tick").await["started-by"], json!(["schedules"]));

    let several = Folder::with("[accounts.210987654321]\nregions = [\"eu-central-1\", \"eu-west-1\"]\n");
    let server = Server::at(&several, clock).await;
    let put = server.put("/v1/workflows/tick", &server.admin).header("content-type", "application/yaml");
    let answer: Value = put.body(workflow(HOURLY)).send().await.unwrap().json().await.unwrap();
    let detail = "the schedule must name its `account`, since there are several: `123456789012`, `210987654321`";
    assert_eq!(answer["detail"], detail);
}

#[tokio::test]
async fn what_cannot_be_started_is_on_record() {
    let clock = StillClock::at("2026-03-01T07:30:00Z");
    let folder = Folder::new();
    let server = Server::at(&folder, clock.clone()).await;
    let named = format!("  - schedule: {{ cron: \"0 * * * *\", region: {REGION} }}");
    assert_eq!(put(&server, &workflow(&named)).await.0, 200);
    server.stop().await;
    let server = Server::at(&folder.in_region("eu-west-1"), clock.clone()).await;
    clock.set("2026-03-01T08:00:00Z");
    server.installation.start_scheduled().await;
    server.installation.start_scheduled().await;
    let refused = server.see("/v1/ledger?kind=event.refused").await;
    assert_eq!(refused["entries"].as_array().unwrap().len(), 1, "{refused}");
    let why = "workflow `tick`: the schedule's region `eu-central-1` is not configured";
    assert_eq!((&refused["entries"][0]["actor"], &refused["entries"][0]["data"]["why"]), (&json!("host"), &json!(why)));
}
