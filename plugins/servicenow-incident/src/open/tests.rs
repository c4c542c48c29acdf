//! Opening incidents in an instance in memory, which keeps incidents, and answers and refuses as ServiceNow does.

use quell_sdk::http::client::Response;
use quell_sdk::{Detail, Error};
use serde_json::{Value, json};

use super::*;

const QUESTION: &str = "https://acme.service-now.com/api/now/table/incident\
                        ?sysparm_query=correlation_id%3Drun-1%5EORDERBYsys_created_on\
                        &sysparm_limit=1&sysparm_fields=number%2Csys_id%2Cstate%2Ccorrelation_id";

/// An instance.
#[derive(Default)]
struct Instance {
    incidents: Vec<Value>,
    sent: Vec<Request>,
    /// What reads, or writes, are answered instead.
    instead: Option<(Method, u16, Value)>,
    /// Answers to writes are lost, and the host looks up what became of them.
    loses_answers: bool,
}

impl Instance {
    fn writes(&self) -> usize {
        self.sent.iter().filter(|request| request.method == Method::Post).count()
    }

    /// The incident of the question, as `sysparm_limit=1` has it.
    fn listed(&self, url: &str) -> Value {
        let asked = |incident: &&Value| {
            url.contains(&format!("correlation_id%3D{}%5E", incident["correlation_id"].as_str().unwrap()))
        };
        json!({ "result": self.incidents.iter().find(asked).into_iter().collect::<Vec<_>>() })
    }
}

impl Http for Instance {
    fn send(&mut self, request: &Request) -> Result<Response, Error> {
        self.sent.push(request.clone());
        let answer = |status: u16, body: &Value| {
            let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            Ok(Response { status, headers: vec![], body: Body::Text(body) })
        };
        if let Some((_, status, body)) = self.instead.as_ref().filter(|(method, ..)| *method == request.method) {
            return answer(*status, body);
        }
        let Some(Body::Text(body)) = &request.body else { return answer(200, &self.listed(&request.url)) };
        let mut incident: Value = serde_json::from_str(body).unwrap();
        let number = self.incidents.len() + 1;
        incident["number"] = json!(format!("INC000{number}"));
        incident["sys_id"] = json!(format!("id{number}"));
        incident["state"] = json!("1");
        self.incidents.push(incident.clone());
        match &request.idempotency {
            Idempotency::Lookup(lookup) if self.loses_answers => {
                let listed = self.listed(&lookup.url);
                assert!(listed.pointer(&lookup.found).is_some_and(|found| !found.is_null()));
                answer(200, &listed)
            }
            _ => answer(201, &json!({ "result": incident })),
        }
    }
}

fn context() -> Context {
    Context {
        run: "run-1".to_owned(),
        step: "respond/ticket".to_owned(),
        attempt: 1,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        time: "2026-03-01T12:00:00Z".to_owned(),
    }
}

fn input(more: Value) -> Input {
    let mut whole = json!({
        "url": "https://acme.service-now.com/",
        "severity": "CRITICAL",
        "short_description": "Credentials were used from outside",
        "description": "An instance role's credentials were used from 198.51.100.7.",
        "correlation_id": "run-1",
    });
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

fn opened(instance: &mut Instance, more: Value) -> Result<Output, Failure> {
    open(instance, &input(more), &context())
}

/// The code and the message of the failure when reads, or writes, are answered like this.
fn failure(method: Method, status: u16, body: Value) -> (String, String) {
    let mut instance = Instance { instead: Some((method, status, body)), ..Instance::default() };
    let failure = opened(&mut instance, json!({})).unwrap_err();
    (failure.code, failure.message)
}

#[test]
fn an_incident_is_looked_for_and_then_opened() {
    let mut instance = Instance::default();
    let output = opened(&mut instance, json!({})).unwrap();
    let expected = Output {
        number: "INC0001".to_owned(),
        sys_id: "id1".to_owned(),
        created: true,
        state: Some("1".to_owned()),
        link: "https://acme.service-now.com/incident.do?sys_id=id1".to_owned(),
    };
    assert_eq!(output, expected);
    let [question, write] = instance.sent.as_slice() else { panic!("two requests are sent") };
    assert_eq!((question.method, question.url.as_str()), (Method::Get, QUESTION));
    assert_eq!(write.url, "https://acme.service-now.com/api/now/table/incident");
    let lookup = Lookup { url: QUESTION.to_owned(), found: "/result/0".to_owned() };
    assert_eq!(write.idempotency, Idempotency::Lookup(lookup));
    for request in [question, write] {
        assert!(request.headers.contains(&header("authorization", "Basic ${secret:servicenow}")));
    }
    let description = "An instance role's credentials were used from 198.51.100.7.\n\n\
                       Opened by Quell: run run-1, step respond/ticket, account 123456789012, us-east-1.";
    let Some(Body::Text(body)) = &write.body else { panic!("a write has a body") };
    let fields = json!({
        "short_description": "Credentials were used from outside",
        "description": description,
        "impact": "1",
        "urgency": "1",
        "correlation_id": "run-1",
        "correlation_display": "Quell",
    });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), fields);
}

#[test]
fn a_second_run_writes_nothing_and_names_the_same_incident() {
    let mut instance = Instance::default();
    let first = opened(&mut instance, json!({})).unwrap();
    let second = opened(&mut instance, json!({ "severity": "LOW", "short_description": "other words" })).unwrap();
    assert_eq!(instance.writes(), 1);
    assert_eq!(second, Output { created: false, ..first });
}

#[test]
fn another_correlation_id_has_its_own_incident() {
    let mut instance = Instance::default();
    for (id, number) in
        [("run-1", "INC0001"), ("run-2", "INC0002"), ("run-1", "INC0001"), ("arn:aws:x:1/f#2", "INC0003")]
    {
        assert_eq!(opened(&mut instance, json!({ "correlation_id": id })).unwrap().number, number, "{id}");
    }
}

#[test]
fn an_answer_that_was_lost_is_the_one_that_the_host_looked_up() {
    let mut instance = Instance { loses_answers: true, ..Instance::default() };
    let output = opened(&mut instance, json!({})).unwrap();
    assert_eq!((output.number.as_str(), output.created), ("INC0001", true));
    assert_eq!(instance.writes(), 1);
}

#[test]
fn a_severity_is_an_impact_and_an_urgency() {
    for (severity, weight) in
        [("CRITICAL", "11"), ("HIGH", "21"), ("MEDIUM", "22"), ("LOW", "32"), ("INFORMATIONAL", "33")]
    {
        let mut instance = Instance::default();
        opened(&mut instance, json!({ "severity": severity })).unwrap();
        let field = |name: &str| instance.incidents[0][name].as_str().unwrap().to_owned();
        assert_eq!(field("impact") + &field("urgency"), weight);
    }
}

#[test]
fn what_servicenow_would_cut_off_in_silence_is_cut_off_visibly() {
    let mut instance = Instance::default();
    let long = "überall ".repeat(1000);
    let group = json!({ "category": "security", "assignment_group": "SecOps", "caller_id": "quell" });
    let mut more = json!({ "short_description": long, "description": long });
    more.as_object_mut().unwrap().extend(group.as_object().unwrap().clone());
    opened(&mut instance, more).unwrap();
    let incident = &instance.incidents[0];
    let text = |name: &str| incident[name].as_str().unwrap();
    assert!(text("short_description").chars().count() <= 160);
    assert!(text("short_description").ends_with(" … [cut off]"), "{incident}");
    assert!(text("description").chars().count() <= 4000);
    assert!(text("description").contains("… [cut off]\n\nOpened by Quell: run run-1"));
    assert_eq!((text("category"), text("assignment_group"), text("caller_id")), ("security", "SecOps", "quell"));
}

#[test]
fn text_of_others_names_no_secret() {
    let mut instance = Instance::default();
    let evil = "${secret:servicenow}";
    opened(&mut instance, json!({ "short_description": evil, "description": evil, "category": evil })).unwrap();
    let Some(Body::Text(body)) = &instance.sent[1].body else { panic!("a write has a body") };
    assert!(!body.contains("${secret:"), "{body}");
}

#[test]
fn text_of_others_is_no_script() {
    for (text, expected) in [
        ("javascript:gs.log(1)", "javascript :gs.log(1)"),
        (" \n\tJavaScript:x", "JavaScript :x"),
        ("java\u{7}script:x", "javascript :x"),
        ("\u{feff}\u{200b}javascript:x", "\u{feff}\u{200b}javascript :x"),
        ("a javascript:x", "a javascript:x"),
    ] {
        let mut instance = Instance::default();
        let more = json!({ "short_description": text, "description": text, "correlation_display": text });
        opened(&mut instance, more).unwrap();
        let incident = &instance.incidents[0];
        let begin = |field: &str| incident[field].as_str().unwrap().split("\n\n").next().unwrap().to_owned();
        assert_eq!(begin("description"), expected);
        // In one line a control character comes to a blank.
        let line = if text.contains('\u{7}') { "java script:x" } else { expected };
        assert_eq!([begin("short_description"), begin("correlation_display")], [line, line]);
    }
}

#[test]
fn what_would_ask_for_something_else_is_refused() {
    for id in
        ["", "a^ORnumber=INC1", "a b", "a\n", "javascript:gs.sleep(1)", "JavaScript:x", "ä", "a,b", &"a".repeat(101)]
    {
        let mut instance = Instance::default();
        let failure = opened(&mut instance, json!({ "correlation_id": id })).unwrap_err();
        assert_eq!((failure.code.as_str(), instance.sent.len()), ("invalid-input", 0), "{id}");
        assert!(failure.message.starts_with("`correlation_id`"), "{}", failure.message);
    }
    for url in
        ["http://acme.service-now.com", "acme.service-now.com", "https://", "https://a@b", "https://a/b", "https://a?b"]
    {
        let failure = opened(&mut Instance::default(), json!({ "url": url })).unwrap_err();
        assert!(failure.message.starts_with("`url` is not the URL of an instance"), "{url}: {}", failure.message);
    }
    for more in [
        json!({ "short_description": " \n" }),
        json!({ "category": "" }),
        json!({ "caller_id": "javascript:gs.getUserID()" }),
        json!({ "assignment_group": "x".repeat(101) }),
        json!({ "authorization": "Basic x\r\nhost: evil" }),
    ] {
        assert_eq!(opened(&mut Instance::default(), more.clone()).unwrap_err().code, "invalid-input", "{more}");
    }
}

#[test]
fn a_refusal_says_what_to_check() {
    let error = |message: &str, detail: Value| json!({ "error": { "message": message, "detail": detail }, "status": "failure" });
    let (code, message) =
        failure(Method::Get, 401, error("User Not Authenticated", json!("Required to provide Auth information")));
    assert_eq!(code, "access-denied");
    assert!(
        message.contains("(401: User Not Authenticated: Required to provide Auth information): check the secret"),
        "{message}"
    );
    let (code, message) = failure(Method::Post, 403, error("Operation Failed", json!("ACL Exception Insert Failed")));
    assert_eq!(code, "access-denied");
    assert!(message.contains("(403: Operation Failed: ACL Exception Insert Failed)"), "{message}");
    let (code, message) = failure(Method::Post, 400, error("Exception while reading request", Value::Null));
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("servicenow-refused", "ServiceNow does not take the incident (400: Exception while reading request)",)
    );
    assert_eq!(failure(Method::Get, 404, json!("<html>")).0, "not-found");
}

#[test]
fn nothing_found_in_the_words_of_older_versions_is_nothing_found() {
    let none =
        json!({ "error": { "message": "No Record found", "detail": "Record doesn't exist" }, "status": "failure" });
    let mut instance = Instance { instead: Some((Method::Get, 404, none)), ..Instance::default() };
    assert!(opened(&mut instance, json!({})).unwrap().created);
}

#[test]
fn what_is_not_servicenow_or_not_the_incident_is_no_success() {
    let unexpected = |status: u16, body: Value| assert_eq!(failure(Method::Get, status, body).0, "unexpected-answer");
    unexpected(200, json!("<html>Your instance is hibernating</html>"));
    unexpected(200, json!({ "result": { "number": "INC1" } }));
    unexpected(200, json!({ "result": ["INC1"] }));
    unexpected(302, json!(""));
    // A query that is passed over: any incident is the answer.
    unexpected(200, json!({ "result": [{ "number": "INC1", "sys_id": "1", "correlation_id": "another" }] }));
    assert_eq!(
        failure(Method::Get, 200, json!({ "result": [{ "number": "INC1", "sys_id": "1" }] })).0,
        "access-denied"
    );
    assert_eq!(failure(Method::Post, 201, json!({ "result": { "correlation_id": "run-1" } })).0, "access-denied");
    assert_eq!(failure(Method::Post, 200, json!({ "result": [] })).0, "unexpected-answer");
}

#[test]
fn an_error_of_the_host_keeps_its_kind() {
    struct Down;
    impl Http for Down {
        fn send(&mut self, _request: &Request) -> Result<Response, Error> {
            Err(Error::Unavailable(Detail { code: "timed-out".to_owned(), message: "no answer".to_owned() }))
        }
    }
    let failure = open(&mut Down, &input(json!({})), &context()).unwrap_err();
    assert_eq!(failure, Failure::new("unavailable", "looking for the incident of `run-1`: no answer (`timed-out`)"));
}
