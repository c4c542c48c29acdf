//! [`ledger::Ledger::query`]: entries over all runs, found by what the filter narrows down most.
//!
//! SQLite knows no more about a ledger than its indexes, and reads all of one kind where a run and a kind are asked for. So
//! the way is chosen here: the columns of all other conditions are hidden from the planner by a `+`
//! (<https://sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_>).

use ledger::{EVENTS, Filter, LedgerError, Millis, Record, SYSTEM};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, SqlitePool};

use super::reader::{records, storage};
use super::rows;

/// A span of time that is so short is read as a whole, and its entries of the right kind are picked.
const SHORT: Millis = 3_600_000;

/// What entries are found by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Access {
    /// The chain of their run.
    Chain,
    /// A short span of time.
    Time,
    /// Their kind.
    Kind,
    /// Their actor.
    Actor,
    /// Nothing but their positions.
    Position,
}

impl Access {
    fn of(filter: &Filter) -> Access {
        let exact = filter.kind.as_ref().is_some_and(|kind| !kind.ends_with('.'));
        let short =
            matches!((filter.since, filter.until), (Some(since), Some(until)) if until.saturating_sub(since) <= SHORT);
        match filter {
            // The installation's chains are long, and their kinds are theirs alone.
            Filter { run: Some(run), .. } if exact && [SYSTEM, EVENTS].contains(&run.as_str()) => Access::Kind,
            Filter { run: Some(_), .. } => Access::Chain,
            _ if short => Access::Time,
            Filter { kind: Some(_), .. } => Access::Kind,
            Filter { actor: Some(_), .. } => Access::Actor,
            _ => Access::Position,
        }
    }
}

/// The entries that fit, with their positions.
pub(super) async fn query(db: &SqlitePool, filter: &Filter) -> Result<Vec<(i64, Record)>, LedgerError> {
    let access = Access::of(filter);
    let mut moment = db.begin().await.map_err(storage)?;
    let mut found = vec![];
    match filter.kind.as_deref() {
        // The order of positions is kept within one kind only, so each kind of the family is asked for its first ones.
        Some(family) if access == Access::Kind && family.ends_with('.') => {
            for kind in kinds(&mut moment, family).await.map_err(storage)? {
                found.extend(page(&mut moment, access, filter, Some(&kind)).await.map_err(storage)?);
            }
        }
        kind => found = page(&mut moment, access, filter, kind).await.map_err(storage)?,
    }
    found.sort_by_key(|(position, _)| *position);
    found.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
    let found = records(&mut moment, found.into_iter().map(|(_, row)| row).collect(), filter.without).await?;
    moment.rollback().await.map_err(storage)?;
    Ok(found)
}

/// The kinds that there are entries of and that begin with `family`, found by one step in the index each.
async fn kinds(db: &mut SqliteConnection, family: &str) -> Result<Vec<String>, sqlx::Error> {
    let sql = "WITH RECURSIVE found (kind) AS (
            SELECT min(kind) FROM entries WHERE kind >= ?1 AND kind < ?2
            UNION ALL SELECT (SELECT min(kind) FROM entries WHERE kind > found.kind AND kind < ?2) FROM found
            WHERE found.kind IS NOT NULL
        ) SELECT kind FROM found WHERE kind IS NOT NULL";
    sqlx::query_scalar(sql).bind(family).bind(behind(family)).fetch_all(db).await
}

/// All that begins with a family of kinds sorts between it and this: the same with the character behind the dot.
fn behind(family: &str) -> String {
    format!("{}/", family.trim_end_matches('.'))
}

async fn page(
    db: &mut SqliteConnection,
    access: Access,
    filter: &Filter,
    kind: Option<&str>,
) -> Result<Vec<(i64, SqliteRow)>, sqlx::Error> {
    let Filter { run, without_run, actor, since, until, after, limit, .. } = filter;
    let after = after.unwrap_or(0);
    let mut sql = QueryBuilder::<Sqlite>::new(format!("SELECT {} FROM entries WHERE ", rows::ENTRY));
    // Positions are the order of all indexes but that of chains and that of times.
    sql.push(if [Access::Chain, Access::Time].contains(&access) { "+position > " } else { "position > " });
    sql.push_bind(after);
    if let Some(run) = run {
        and(&mut sql, access == Access::Chain, "run = ").push_bind(run);
    }
    if let Some(run) = without_run {
        and(&mut sql, false, "run <> ").push_bind(*run);
    }
    if access == Access::Chain {
        // A chain's order is that of positions: go on behind the entry at the cursor, when it is one of this chain.
        sql.push(" AND sequence > coalesce((SELECT sequence FROM entries WHERE position = ").push_bind(after);
        sql.push(" AND run = ").push_bind(run).push("), 0)");
    }
    match kind {
        None => {}
        Some(family) if family.ends_with('.') => {
            and(&mut sql, access == Access::Kind, "kind >= ").push_bind(family.to_owned());
            and(&mut sql, access == Access::Kind, "kind < ").push_bind(behind(family));
        }
        Some(kind) => {
            and(&mut sql, access == Access::Kind, "kind = ").push_bind(kind.to_owned());
        }
    }
    if let Some(actor) = actor {
        and(&mut sql, access == Access::Actor, "actor = ").push_bind(actor);
    }
    if let Some(since) = since {
        and(&mut sql, access == Access::Time, "time >= ").push_bind(since);
    }
    if let Some(until) = until {
        and(&mut sql, access == Access::Time, "time < ").push_bind(until);
    }
    sql.push(if access == Access::Chain { " ORDER BY sequence LIMIT " } else { " ORDER BY position LIMIT " });
    sql.push_bind(limit);
    let found = sql.build().fetch_all(db).await?;
    found.into_iter().map(|row| Ok((row.try_get("position")?, row))).collect()
}

/// Adds a condition on a column: one that entries are found by, or one that they must fit besides.
fn and<'a>(sql: &'a mut QueryBuilder<Sqlite>, leads: bool, column: &str) -> &'a mut QueryBuilder<Sqlite> {
    sql.push(if leads { " AND " } else { " AND +" }).push(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_narrows_down_most_leads() {
        let check =
            |run: Option<&str>, kind: Option<&str>, actor: Option<&str>, span: Option<(i64, i64)>, by: Access| {
                let own = |text: Option<&str>| text.map(str::to_owned);
                let (since, until) = (span.map(|span| span.0), span.map(|span| span.1));
                let filter =
                    Filter { run: own(run), kind: own(kind), actor: own(actor), since, until, ..Filter::default() };
                assert_eq!(Access::of(&filter), by, "{filter:?}");
            };
        check(None, None, None, None, Access::Position);
        check(None, None, None, Some((0, i64::MAX)), Access::Position);
        check(None, None, Some("host"), None, Access::Actor);
        check(None, Some("call.intent"), Some("host"), None, Access::Kind);
        check(None, Some("call."), Some("host"), Some((0, i64::MAX)), Access::Kind);
        check(None, Some("call.intent"), Some("host"), Some((0, SHORT)), Access::Time);
        check(Some("r"), Some("run.started"), Some("host"), Some((0, SHORT)), Access::Chain);
        check(Some(EVENTS), Some("topic."), None, None, Access::Chain);
        check(Some(EVENTS), Some("topic.brought"), None, None, Access::Kind);
    }
}
