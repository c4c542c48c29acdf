//! A second evaluator, written the plainest way from IAM's documentation, and held against [`grant::decide`] on random
//! policies and requests: the same answer, by the same statement.
//!
//! Each run makes others. `QUELL_RANDOM_CASES` makes more of them, and `QUELL_RANDOM_SEED` makes those of a run again,
//! which a failure tells.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of tests that panics fails its test"
)]

mod count;
mod dice;
mod evaluate;
mod generate;
mod glob;

use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use grant::{Decision, Layer, Request, decide};

use crate::count::Counts;
use crate::dice::Dice;
use crate::evaluate::{Answer, naive};
use crate::generate::{Document, Question};

/// Random policies, and as many random requests, of one run.
const CASES: u64 = 100_000;

/// How many policies are kept as guardrails and further grants of the next ones.
const KEPT: usize = 64;

#[test]
fn both_evaluators_decide_alike() {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = number("QUELL_RANDOM_SEED").unwrap_or_else(clock);
    let cases = number("QUELL_RANDOM_CASES").unwrap_or(CASES);
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get().min(8)) as u64;
    println!("QUELL_RANDOM_SEED={seed}, {cases} cases in {threads} threads");
    let mut counts = Counts::none();
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| scope.spawn(move || compare(Dice::new(seed.wrapping_add(part)), cases.div_ceil(threads))))
            .collect();
        parts.into_iter().for_each(|part| counts.add(&part.join().unwrap()));
    });
    println!("{counts}");
    counts.check(cases);
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn compare(mut dice: Dice, cases: u64) -> Counts {
    let mut counts = Counts::none();
    let mut kept: Vec<Document> = (0..KEPT).map(|name| Document::random(&mut dice, name.to_string())).collect();
    for case in 0..cases {
        let new = Document::random(&mut dice, format!("new {case}"));
        let guardrails: Vec<&Document> = if dice.chance(50) { vec![dice.among(&kept)] } else { vec![] };
        let grants: Vec<&Document> = if dice.chance(50) { vec![&new, dice.among(&kept)] } else { vec![&new] };
        let question = Question::random(&mut dice);
        let expected = naive(&guardrails, &grants, &question, &mut counts);
        let decided = ours(&guardrails, &grants, &question);
        if decided != expected {
            let texts = |documents: &[&Document]| -> Vec<String> {
                documents.iter().map(|document| format!("{}: {}", document.name, document.policy.source())).collect()
            };
            panic!("{decided:?}, not {expected:?}: {question:?}\n{:#?}\n{:#?}", texts(&guardrails), texts(&grants));
        }
        counts.answered(&expected, &question);
        kept[case as usize % KEPT] = new;
    }
    counts
}

fn ours(guardrails: &[&Document], grants: &[&Document], question: &Question) -> Answer {
    let policies =
        |documents: &[&Document]| documents.iter().map(|document| document.policy.clone()).collect::<Vec<_>>();
    let context = question.context();
    let request = Request { action: question.action, resource: question.resource, context: &context };
    match decide(&policies(guardrails), &policies(grants), &request) {
        Decision::Allow(by) => Answer::Allowed(by.policy, by.statement),
        Decision::ExplicitDeny(by) => Answer::Denied(by.policy, by.statement),
        Decision::ImplicitDeny { by: Layer::Guardrail } => Answer::NotByGuardrail,
        Decision::ImplicitDeny { by: Layer::Grant } => Answer::NotByGrant,
    }
}
