//! Who made a token, who made the token that it was made with, and so on: also through tokens that were revoked since.

use std::collections::BTreeSet;

use workflow::TokenMaker;

use crate::{Registry, Token};

/// What is remembered of a token for ever.
#[derive(Clone, Debug)]
pub(crate) struct MadeToken {
    name: String,
    /// Who made it, as an actor.
    by: String,
    /// The token that it was made with; the first ledgers do not say.
    creator: Option<String>,
}

impl Registry {
    pub(crate) fn remember_maker(&mut self, token: &Token) {
        let Token { id, terms, by, creator, .. } = token;
        let made = MadeToken { name: terms.name.clone(), by: by.clone(), creator: creator.clone() };
        self.made.insert(id.clone(), made);
    }

    /// Who made the token with this id, the nearest first. Of a token that the host made, nobody. Where it is not known with
    /// which token one was made, all tokens of that name may have been it.
    pub fn makers(&self, id: &str) -> Vec<TokenMaker> {
        let mut makers: Vec<TokenMaker> = Vec::new();
        let (mut seen, mut next) = (BTreeSet::from([id.to_owned()]), vec![id.to_owned()]);
        while let Some(id) = next.pop() {
            let Some(made) = self.made.get(&id) else { continue };
            let Some(name) = made.by.strip_prefix("user:") else { continue };
            let maker = TokenMaker { name: name.to_owned(), token: made.creator.clone() };
            if !makers.contains(&maker) {
                makers.push(maker);
            }
            let with: Vec<String> = match &made.creator {
                Some(creator) => vec![creator.clone()],
                None => self.made.iter().filter(|(_, it)| it.name == name).map(|(id, _)| id.clone()).collect(),
            };
            next.extend(with.into_iter().filter(|id| seen.insert(id.clone())));
        }
        makers
    }
}

#[cfg(test)]
mod tests {
    use ledger::{Draft, Hash, Record};

    use super::*;
    use crate::{NewToken, TokenTerms, token_created, token_revoked};

    /// A registry with these tokens: name, actor, and which of those before it was made with.
    fn registry(tokens: &[(&str, &str, Option<usize>)]) -> (Registry, Vec<String>) {
        let (mut registry, mut ids) = (Registry::default(), Vec::<String>::new());
        for (name, by, with) in tokens {
            let terms = TokenTerms { name: (*name).into(), ..TokenTerms::default() };
            let new = NewToken::new(terms, with.map(|with| ids[with].clone()), &[u8::try_from(ids.len()).unwrap(); 38]);
            apply(&mut registry, &token_created(&new, 1, by));
            ids.push(new.id);
        }
        (registry, ids)
    }

    fn apply(registry: &mut Registry, draft: &Draft) {
        let entry = draft.seal("system", 1, Hash::ZERO);
        registry.apply(&Record { entry, data: draft.data.clone(), payloads: Default::default() }).unwrap();
    }

    fn names(registry: &Registry, id: &str) -> Vec<String> {
        registry.makers(id).into_iter().map(|maker| maker.name).collect()
    }

    #[test]
    fn makers_are_known_up_to_the_first_also_when_they_were_revoked() {
        let (mut registry, ids) =
            registry(&[("admin", "host", None), ("bob", "user:admin", Some(0)), ("eve", "user:bob", Some(1))]);
        apply(&mut registry, &token_revoked(&ids[1], 2, "user:admin"));
        assert_eq!(names(&registry, &ids[0]), [""; 0]);
        assert_eq!(names(&registry, &ids[2]), ["bob", "admin"]);
        assert_eq!(registry.makers(&ids[2])[0].token.as_ref(), Some(&ids[1]));
    }

    #[test]
    fn where_a_ledger_does_not_say_with_which_token_every_one_of_the_name_may_have_been_it() {
        let (registry, ids) = registry(&[
            ("admin", "host", None),
            ("bob", "user:admin", None),
            ("bob", "user:carol", None),
            ("eve", "user:bob", None),
            // In a circle, as names may be.
            ("carol", "user:eve", None),
        ]);
        let mut makers = names(&registry, &ids[3]);
        makers.sort_unstable();
        assert_eq!(makers, ["admin", "bob", "carol", "eve"]);
    }
}
