//! Whether the database was closed in order. The mark is in the database itself, so that a copy that was made while it was in
//! use, and is put back later, is known for one.

use sqlx::SqliteConnection;

/// Where the mark is kept.
pub(super) const TABLE: &str = include_str!("shutdown.sql");

/// Whether whoever had the database last closed it in order.
pub(super) async fn is_clean(db: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let clean = sqlx::query_scalar("SELECT clean FROM shutdown WHERE id = 1").fetch_optional(db).await?;
    Ok(clean == Some(1_i64))
}

/// Takes the mark away: from here on a crash is known for one.
pub(super) async fn begin(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    mark(db, 0).await
}

/// Sets the mark, as the last thing that is written.
pub(super) async fn finish(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    mark(db, 1).await
}

async fn mark(db: &mut SqliteConnection, clean: i64) -> Result<(), sqlx::Error> {
    let mark = "INSERT INTO shutdown (id, clean) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET clean = excluded.clean";
    sqlx::query(mark).bind(clean).execute(db).await.map(drop)
}
