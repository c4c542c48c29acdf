//! Why a workflow is for an event or is not, trigger by trigger, for whoever writes patterns.

use serde_json::Value;

use crate::document::Workflow;
use crate::pattern::Mismatch;
use crate::trigger::{SplitError, Trigger};

/// What one trigger makes of one event, or of one item that it was split into.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The trigger's place in `on`, from 1.
    pub trigger: usize,
    /// The list that it splits, and the item's place in it.
    pub item: Option<(String, usize)>,
    /// What does not match; empty when the event starts the workflow.
    pub mismatches: Vec<Mismatch>,
}

impl Workflow {
    /// What each trigger for events makes of the event. One that splits a list that the event does not have is told with the
    /// whole event.
    pub fn explain(&self, event: &Value) -> Result<Vec<Explanation>, SplitError> {
        let mut explanations = Vec::new();
        for (index, trigger) in self.triggers.iter().enumerate() {
            let Trigger::Event(trigger) = trigger else { continue };
            let number = index + 1;
            let items = trigger.split.as_ref().map(|split| split.items(event)).transpose()?.unwrap_or_default();
            if items.is_empty() {
                let mut mismatches = trigger.pattern.explain(event);
                if let (Some(split), true) = (&trigger.split, mismatches.is_empty()) {
                    mismatches.push(Mismatch {
                        path: split.to_string(),
                        expected: "a list to split".into(),
                        found: vec![],
                    });
                }
                explanations.push(Explanation { trigger: number, item: None, mismatches });
            }
            for (place, (split, item)) in
                trigger.split.iter().flat_map(|split| items.iter().map(move |item| (split, item))).enumerate()
            {
                let mismatches = trigger.pattern.explain_seen(split.view(event, place, item));
                explanations.push(Explanation { trigger: number, item: Some((split.to_string(), place)), mismatches });
            }
        }
        Ok(explanations)
    }
}
