//! Host reads about attributes of instances, and about tags.

use capability::FaultKind;
use serde_json::{Value, json};

use super::{reads, refused};
use crate::rows::rows;
use crate::server::{Reply, Server};
use crate::wit::Contract;
use crate::{is_done, marker, operation};

const DESCRIBE: &str = "quell:ec2/instances@0.1.0#describe-instance-attribute";
const MODIFY: &str = "quell:ec2/instances@0.1.0#modify-instance-attribute";
const TAGS: &str = "quell:ec2/tags@0.1.0#create-tags";

/// An attribute under its name in the API.
fn attribute(name: &str, value: &str) -> Reply {
    let body = format!(
        "<DescribeInstanceAttributeResponse><instanceId>i-1</instanceId><{name}><value>{value}</value></{name}>
        </DescribeInstanceAttributeResponse>"
    );
    Reply::Full(200, body)
}

/// The attributes that there are: in the WIT, in the API, with two values each.
fn attributes() -> [(&'static str, &'static str, [Value; 2]); 2] {
    [
        ("disable-api-termination", "disableApiTermination", [json!(true), json!(false)]),
        (
            "instance-initiated-shutdown-behavior",
            "instanceInitiatedShutdownBehavior",
            [json!("stop"), json!("terminate")],
        ),
    ]
}

/// A value as the API has it.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[tokio::test]
async fn every_attribute_is_read_and_changed_by_its_name() {
    for (name, api, values) in attributes() {
        for value in values {
            let server = Server::start([attribute(api, &text(&value)), Reply::Full(200, String::new())]).await;
            let arguments = json!({ "instance-id": "i-1", "attribute": name });
            let described = operation(&server.endpoint, DESCRIBE, &arguments).await.unwrap();
            let output = described.send(&marker()).await.unwrap();
            assert_eq!(output, json!({ name: value }));
            Contract::load().check_output(DESCRIBE, &output);

            let arguments = json!({ "instance-id": "i-1", "attribute": { name: value } });
            let modified = operation(&server.endpoint, MODIFY, &arguments).await.unwrap();
            assert_eq!(modified.send(&marker()).await, Ok(json!({})));
            let compared = vec![("attribute", vec![api.to_owned()]), ("value", vec![text(&value)])];
            assert_eq!(modified.arguments(), compared);
            let requests = server.requests();
            assert_eq!(requests[0].form["Attribute"], api);
            assert_eq!(["Attribute", "Value"].map(|key| requests[1].form[key].clone()), [api.to_owned(), text(&value)]);
        }
    }
}

#[tokio::test]
async fn an_attribute_is_changed_when_it_has_the_value() {
    let no_instance = || refused("InvalidInstanceID.NotFound");
    for (name, api, [wanted, other]) in attributes() {
        let arguments = json!({ "instance-id": "i-1", "attribute": { name: wanted } });
        for (reply, expected) in [
            (attribute(api, &text(&wanted)), Ok(true)),
            (attribute(api, &text(&other)), Ok(false)),
            (no_instance(), Err(FaultKind::NotFound)),
        ] {
            let server = Server::start([reply]).await;
            let modified = operation(&server.endpoint, MODIFY, &arguments).await.unwrap();
            assert_eq!(is_done(&modified).await, expected);
            let asked = reads(&server, &["Action", "InstanceId", "Attribute"]);
            assert_eq!(asked, [["DescribeInstanceAttribute", "i-1", api]]);
        }

        let server = Server::start([attribute(api, &text(&other)), no_instance()]).await;
        let operation = operation(&server.endpoint, MODIFY, &arguments).await.unwrap();
        assert_eq!(operation.state().await, Ok(json!({ "attribute": { name: other } })));
        assert_eq!(operation.state().await.unwrap_err().kind, FaultKind::NotFound);
    }
}

/// A reply without the attribute does not say that it is off.
#[tokio::test]
async fn an_attribute_that_is_not_answered_is_not_known() {
    let server = Server::start([attribute("sourceDestCheck", "true")]).await;
    let arguments = json!({ "instance-id": "i-1", "attribute": { "disable-api-termination": false } });
    let operation = operation(&server.endpoint, MODIFY, &arguments).await.unwrap();
    assert_eq!(operation.state().await.unwrap_err().code, "unreadable-reply");
}

/// One page of tags, each as a resource, a key and a value.
fn page(tags: &[(&str, &str, &str)], next: &str) -> Reply {
    let tag = |(id, key, value): &(&str, &str, &str)| {
        format!("<item><resourceId>{id}</resourceId><key>{key}</key><value>{value}</value></item>")
    };
    let tags: String = tags.iter().map(tag).collect();
    Reply::Full(200, format!("<DescribeTagsResponse><tagSet>{tags}</tagSet>{next}</DescribeTagsResponse>"))
}

#[tokio::test]
async fn tags_are_set_when_every_resource_has_every_one() {
    let arguments = rows().into_iter().find(|row| row.function == TAGS).unwrap().arguments;
    let all = [
        ("i-1", "quarantine", "yes"),
        ("i-1", "case", "7"),
        ("i-1", "team", "red"),
        ("snap-1", "quarantine", "yes"),
        ("snap-1", "case", "7"),
    ];
    let mut other = all;
    other[4].2 = "8";
    for (reply, expected) in [
        (page(&all, ""), true),
        (page(&other, ""), false),
        (page(&all[..4], ""), false),
        (page(&all[..3], ""), false),
        (page(&[], ""), false),
    ] {
        let server = Server::start([reply]).await;
        let set = operation(&server.endpoint, TAGS, &arguments).await.unwrap();
        assert_eq!(is_done(&set).await, Ok(expected));
        let asked = reads(&server, &["Action", "Filter.1.Name", "Filter.1.Value.1", "Filter.1.Value.2"]);
        assert_eq!(asked, [["DescribeTags", "resource-id", "i-1", "snap-1"]]);
    }

    // All pages count.
    let server = Server::start([page(&all[..3], "<nextToken>u</nextToken>"), page(&all[3..], "")]).await;
    let operation = operation(&server.endpoint, TAGS, &arguments).await.unwrap();
    assert_eq!(is_done(&operation).await, Ok(true));
    assert_eq!(server.requests()[1].form["NextToken"], "u");
}

#[tokio::test]
async fn before_tags_are_set_are_all_that_there_are() {
    let arguments = json!({ "resources": ["i-1", "vol-1"], "tags": [{ "key": "team", "value": "blue" }] });
    let server = Server::start([page(&[("i-1", "team", "red"), ("i-1", "case", "7")], "")]).await;
    let operation = operation(&server.endpoint, TAGS, &arguments).await.unwrap();
    let tags = json!({ "i-1": [{ "key": "case", "value": "7" }, { "key": "team", "value": "red" }], "vol-1": [] });
    let state = json!({ "tags": tags });
    assert_eq!(operation.state().await.as_ref(), Ok(&state));
    // Other tags are not of its concern, and those of a resource that has none are.
    let facet = operation.facet(&state, &marker()).unwrap();
    assert_eq!(facet, json!({ "i-1": { "team": "red" }, "vol-1": { "team": null } }));
}
