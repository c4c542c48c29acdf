//! Every file of `tests/hostile`: built as its header says, uploaded, run, and held against what must come out. After each,
//! another plugin still runs.
//!
//! A header is lines of `;; key: value`: `case` (its numbers in the list of faults), `does` (in a few words), and one of
//! `expect` (the code with which the invocation ends), `output`, `refused` (the code with which the upload is). Where they
//! are not as usual: `as` (`core`: a module that stays one, `text`: the file itself), `input` (`{}`), `limits` (a change of
//! the defaults, in JSON), `answer` (`never`: the host does not), `runs` (how often the same must come out). And `says`
//! (what is in the message) and `calls` (how many reach the host).

use std::{collections::BTreeSet, fs, path::Path};

use cases::case;
use sandbox::{Answer, Channel, Limits, Plugin, Refused};
use serde_json::json;
use wit_component::StringEncoding;

use crate::support::{ECHO, SANDBOX, WIT, encode, invoke};

/// The cases of which there must be a file.
const FILES: &str = "A03 A05 A09 A10 A11 A12 A13 A15 A17 A18 B01 B02 B03 B04 B05 B06 B08 B09 B10 B11 B12 B13 B14 B15 B16 B17 \
                     B19 B20 B21 B22 B23";

/// A file of the corpus.
#[derive(Default)]
struct Hostile {
    cases: Vec<String>,
    does: String,
    form: String,
    input: String,
    limits: Limits,
    is_answered: bool,
    runs: usize,
    says: String,
    calls: Option<usize>,
    expected: String,
    text: String,
}

impl Hostile {
    fn read(text: String) -> Result<Self, String> {
        let mut file = Self { input: "{}".to_owned(), is_answered: true, runs: 1, ..Self::default() };
        let header = text.lines().map_while(|line| line.strip_prefix(";; "));
        for line in header {
            let (key, value) = line.split_once(": ").ok_or_else(|| format!("`{line}` is no `key: value`"))?;
            let number = || value.parse().map_err(|_| format!("`{key}` is no number"));
            match key {
                "case" => file.cases = value.split(", ").map(str::to_owned).collect(),
                "does" => file.does = value.to_owned(),
                "as" if ["core", "text"].contains(&value) => file.form = value.to_owned(),
                "input" => file.input = value.to_owned(),
                "limits" => {
                    let change = serde_json::from_str(value).map_err(|error| error.to_string())?;
                    file.limits = Limits::DEFAULT.with(&change).map_err(|error| error.to_string())?;
                }
                "answer" if value == "never" => file.is_answered = false,
                "runs" => file.runs = number()?,
                "says" => file.says = value.to_owned(),
                "calls" => file.calls = Some(number()?),
                "expect" | "output" | "refused" if file.expected.is_empty() => {
                    file.expected = format!("{key}: {value}")
                }
                _ => return Err(format!("`{line}` is not known")),
            }
        }
        if file.cases.is_empty() || file.does.is_empty() || file.expected.is_empty() {
            return Err("`case`, `does` and what must come out are needed".to_owned());
        }
        file.text = text;
        Ok(file)
    }

    fn bytes(&self) -> Vec<u8> {
        if self.form == "text" {
            return self.text.clone().into_bytes();
        }
        let is_module = self.text.lines().any(|line| line.starts_with("(module"));
        if !is_module || self.form == "core" {
            return wat::parse_str(&self.text).unwrap();
        }
        let world = if self.text.contains("(import") { "demo" } else { "plain" };
        encode(&WIT, world, &self.text, StringEncoding::UTF8)
    }

    /// What comes out, in the form of the header, with the message.
    async fn seen(&self) -> (String, String) {
        let bytes = self.bytes();
        let inspected = SANDBOX.inspect(&bytes);
        let plugin = match SANDBOX.compile(&bytes) {
            Ok(plugin) => plugin,
            Err(refused) => {
                assert_eq!(inspected.as_ref(), Err(&refused));
                return (format!("refused: {}", refused.code()), message(&refused));
            }
        };
        let mut all = BTreeSet::new();
        for _ in 0..self.runs {
            all.insert(self.run(&plugin).await);
        }
        assert_eq!(all.len(), 1, "{all:?}");
        all.pop_first().unwrap()
    }

    async fn run(&self, plugin: &Plugin) -> (String, String) {
        let (channel, mut host) = Channel::new();
        let mut calls = 0;
        let invoked = SANDBOX.invoke(plugin, self.input.clone(), &self.limits, channel);
        let mut invoked = std::pin::pin!(invoked);
        let result = loop {
            tokio::select! {
                result = &mut invoked => break result,
                Some(_) = host.calls.recv() => {
                    calls += 1;
                    if self.is_answered {
                        let _ = host.answers.send(Answer::Return(json!({}))).await;
                    }
                }
            }
        };
        if let Some(expected) = self.calls {
            assert_eq!(calls, expected, "calls");
        }
        match result {
            Ok(output) => (format!("output: {output}"), String::new()),
            Err(ended) => (format!("expect: {}", ended.code()), ended.to_string()),
        }
    }
}

fn message(refused: &Refused) -> String {
    assert!(!refused.help().is_empty());
    refused.to_string()
}

fn corpus() -> Vec<(String, Hostile)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hostile");
    // A folder in it is a plugin with a source of its own.
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    files.sort();
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(path.extension().and_then(|extension| extension.to_str()), Some("wat"), "{name}");
        let file =
            Hostile::read(fs::read_to_string(path).unwrap()).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert!(name.starts_with(&file.cases[0].to_lowercase()), "{name} is about {:?}", file.cases);
        (name, file)
    };
    files.iter().map(|path| read(path)).collect()
}

#[tokio::test]
async fn every_hostile_plugin_ends_as_it_must_and_the_next_one_runs() {
    let next = ECHO.plugin();
    let mut mistakes = Vec::new();
    for (name, file) in corpus() {
        let (seen, says) = file.seen().await;
        if seen != file.expected || !says.contains(&file.says) {
            mistakes.push(format!("{name}: {seen}: {says}"));
            continue;
        }
        for number in &file.cases {
            case(number, &file.does, &file.expected, &seen);
        }
        let (result, _) = invoke(&next, "[1]", &Limits::default(), |_| Answer::Return(json!({}))).await;
        assert_eq!(result, Ok("[1]".to_owned()), "after {name}");
    }
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

#[test]
fn the_corpus_is_whole() {
    let corpus = corpus();
    assert!(corpus.len() >= 45, "{} files", corpus.len());
    let covered: BTreeSet<&str> = corpus.iter().flat_map(|(_, file)| file.cases.iter().map(String::as_str)).collect();
    assert_eq!(covered, FILES.split(' ').collect(), "the cases with a file, and those that must have one");
}

#[test]
fn a_header_is_checked() {
    for (header, problem) in [
        ("(module)", "needed"),
        (";; case: B01\n;; does: it\n;; expects: x", "not known"),
        (";; case: B01\n;; does: it\n;; expect: x\n;; output: y", "not known"),
        (";; case: B01\n;; nothing", "no `key: value`"),
        (";; case: B01\n;; limits: {\"fuel\": 0}", "below its minimum"),
        (";; case: B01\n;; limits: {\"full\": 1}", "unknown field"),
        (";; as: module", "not known"),
    ] {
        let seen = Hostile::read(header.to_owned()).err().unwrap_or_default();
        assert!(seen.contains(problem), "{header}: {seen}");
    }
}
