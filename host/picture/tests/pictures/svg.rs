//! The SVG: well formed, safe, legible.

use picture::{Group, Kind, Label, Node, Picture, svg};

use crate::models::{every_kind, group, hostile, mid_flight, node, parallel, plugin, sweeping};

/// Left, top, right, bottom.
type Area = [i32; 4];

/// Checks that it is XML: all tags are closed in their order, and all text is escaped. Gives the tags.
fn tags(svg: &str) -> Vec<&str> {
    let (mut open, mut tags) = (vec![], vec![]);
    for (at, part) in svg.split('<').enumerate().skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("tag {at} does not end"));
        assert!(!text.contains('>'), "`>` in a text: {text}");
        for entity in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| entity.starts_with(known)), "{text}");
        }
        let name = tag.split([' ', '/']).next().unwrap();
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(name),
        }
        tags.push(tag);
    }
    assert_eq!(open, [""; 0]);
    tags
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

fn number(tag: &str, name: &str) -> i32 {
    attribute(tag, name).unwrap().parse().unwrap()
}

/// The outlines of all steps.
fn cards(tags: &[&str]) -> Vec<Area> {
    let cards = tags.iter().filter(|tag| attribute(tag, "class") == Some("c"));
    let area = |tag: &&str| {
        if tag.starts_with("rect") {
            let (x, y) = (number(tag, "x"), number(tag, "y"));
            return [x, y, x + number(tag, "width"), y + number(tag, "height")];
        }
        let points = attribute(tag, "points").unwrap().split(' ').map(|point| point.split_once(',').unwrap());
        let (xs, ys): (Vec<i32>, Vec<i32>) = points.map(|(x, y)| (number_of(x), number_of(y))).unzip();
        [*xs.iter().min().unwrap(), *ys.iter().min().unwrap(), *xs.iter().max().unwrap(), *ys.iter().max().unwrap()]
    };
    cards.map(area).collect()
}

fn number_of(text: &str) -> i32 {
    text.parse().unwrap()
}

/// The straight pieces of all lines between steps.
fn lines(tags: &[&str]) -> Vec<Area> {
    let lines = tags.iter().filter(|tag| attribute(tag, "class").is_some_and(|class| class == "e" || class == "e ea"));
    let pieces = lines.flat_map(|tag| {
        let path = attribute(tag, "d").unwrap().replace(['M', 'L', 'Q'], " ");
        let numbers: Vec<i32> = path.split_whitespace().map(number_of).collect();
        let points: Vec<(i32, i32)> = numbers.chunks(2).map(|point| (point[0], point[1])).collect();
        points.windows(2).map(|ends| (ends[0], ends[1])).collect::<Vec<_>>()
    });
    pieces.map(|((ax, ay), (bx, by))| [ax.min(bx), ay.min(by), ax.max(bx), ay.max(by)]).collect()
}

/// Whether two areas have more in common than an edge.
fn overlap(a: Area, b: Area) -> bool {
    a[0] < b[2] - 1 && b[0] < a[2] - 1 && a[1] < b[3] - 1 && b[1] < a[3] - 1
}

#[track_caller]
fn check(picture: &Picture) -> Vec<Area> {
    let text = svg(picture);
    assert_eq!(text, svg(picture), "the same picture is the same text");
    let tags = tags(&text);
    let (width, height) = (number(tags[0], "width") - 32, number(tags[0], "height") - 32);
    let cards = cards(&tags);
    for (at, card) in cards.iter().enumerate() {
        assert!(card[0] >= 0 && card[1] >= 0 && card[2] <= width && card[3] <= height, "{card:?} is not on the page");
        if let Some(other) = cards.iter().skip(at + 1).find(|other| overlap(*card, **other)) {
            panic!("{card:?} and {other:?} overlap");
        }
    }
    for line in lines(&tags) {
        let line = [line[0], line[1], line[2] + 2, line[3] + 2];
        if let Some(card) = cards.iter().find(|card| overlap(line, **card)) {
            panic!("the line {line:?} goes through {card:?}");
        }
    }
    cards
}

/// `count` steps in every arrangement, nested `depth` deep.
fn large(count: usize, depth: usize) -> Picture {
    let mut inner: Vec<Node> = vec![plugin("deepest", "p")];
    for level in 0..depth {
        let label = |label| group(label, inner.clone());
        let mut around = match level % 3 {
            0 => parallel(vec![inner.clone(), vec![plugin("beside", "p")]]),
            1 => Node { groups: vec![label(Label::Body)], ..node("each", Kind::Each, "x in inputs.list") },
            _ => Node {
                groups: vec![label(Label::When("true".into()))],
                catches: vec![group(
                    Label::Catch { codes: vec![], continues: Some(true) },
                    vec![plugin("caught", "p")],
                )],
                ..node("choose", Kind::Choose, "")
            },
        };
        around.path = format!("level.{level}");
        inner = vec![around];
    }
    let wide = parallel((0..20).map(|at| vec![plugin(&format!("wide_{at}"), "p")]).collect());
    let long =
        (0..count).map(|at| plugin(&format!("step_{at}"), "a-plugin-with-a-name-that-is-rather-long-for-a-name"));
    Picture {
        title: "large".into(),
        steps: inner.into_iter().chain([wide]).chain(long).collect(),
        ..Picture::default()
    }
}

#[test]
fn nothing_overlaps_and_no_line_goes_through_a_step() {
    assert_eq!(check(&every_kind()).len(), 22);
    check(&mid_flight());
    check(&sweeping());
    check(&hostile());
    check(&large(50, 32));
    check(&Picture::default());
}

#[test]
fn a_thousand_steps_have_their_place() {
    let picture = large(1_000, 32);
    let text = svg(&picture);
    assert!(text.len() < 2_000_000, "{} bytes", text.len());
    check(&picture);
}

#[test]
fn long_texts_are_cut_off_in_the_picture_and_whole_in_its_tooltip() {
    let long = "x".repeat(1_500);
    let mut step = plugin("long", &long);
    step.condition = Some(long.clone());
    let text = svg(&Picture { steps: vec![step], title: long.clone(), ..Picture::default() });
    for tag in text.split("<text").skip(1) {
        assert!(tag.split("</text>").next().unwrap().len() < 160, "{tag}");
    }
    assert!(text.contains(&format!("long (plugin): {long}")));
}

/// What names contain is shown and nothing else: no script, no reference, nothing that is fetched.
#[test]
fn a_name_is_never_more_than_a_text() {
    for picture in [hostile(), every_kind(), mid_flight()] {
        let text = svg(&picture);
        let tags = tags(&text);
        let known = ["svg", "title", "desc", "style", "g", "rect", "path", "polygon", "text"];
        for tag in &tags {
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
            assert!(known.contains(&name), "{tag}");
            assert!(!tag.contains("href") && !tag.contains(" on"), "{tag}");
        }
        assert!(!text.contains("url(") && !text.contains("@import"));
        assert!(!text.contains(['\u{0}', '\u{202e}']), "a character that XML forbids or that misleads");
    }
}

#[test]
fn who_does_not_see_it_is_told() {
    let text = svg(&mid_flight());
    assert!(text.contains("role=\"img\""));
    assert!(
        text.contains(
            "<title>Run r-0199a3b2c4d57e8f9a0b1c2d3e4f5a6b of the workflow incident-response: running</title>"
        )
    );
    let description = text.split("<desc>").nth(1).unwrap().split("</desc>").next().unwrap();
    assert!(description.contains("forensics (query-cloudtrail) failed in 7.5s, attempt 3"), "{description}");
}

/// Each state has its word and its sign in the picture; colour is a third way to tell.
#[test]
fn states_are_not_told_by_colour_alone() {
    let text = svg(&mid_flight());
    for words in ["succeeded", "failed: throttled", "running", "retrying", "skipped", "pending", "waiting"] {
        assert!(text.contains(&format!("class=\"st\">{words}</text>")), "{words}");
    }
    let states = text.matches("class=\"st\"").count();
    assert!(states >= 20 && text.matches("class=\"is\"").count() >= states);
}

#[test]
fn a_group_without_steps_is_still_a_way() {
    let empty = Group { label: Label::Otherwise, steps: vec![] };
    let choose = Node {
        groups: vec![group(Label::When("x".into()), vec![plugin("a", "p")]), empty],
        ..node("c", Kind::Choose, "")
    };
    check(&Picture { steps: vec![choose], ..Picture::default() });
}
