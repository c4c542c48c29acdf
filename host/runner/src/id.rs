//! The ids of runs: what the host makes, and nothing else. The ledger has chains that are no runs, some of them long: what is
//! no id of a run is never read as one.

/// A new id. Those of later runs sort behind those of earlier ones.
pub(crate) fn new_run_id() -> String {
    format!("r-{}", uuid::Uuid::now_v7().simple())
}

/// Whether the text can be the id of a run: `r-` and the 32 digits of a UUID.
pub fn is_run_id(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("r-").is_some_and(|digits| digits.len() == 32 && digits.bytes().all(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_host_makes_is_an_id() {
        let id = new_run_id();
        assert!(is_run_id(&id), "{id}");
        let (upper, longer) = (id.to_uppercase(), format!("{id}0"));
        for text in ["system", "events", "", "r-", "r-1", &id[2..], &id[..33], &upper, &longer, &id.replace('r', "s")] {
            assert!(!is_run_id(text), "{text}");
        }
    }
}
