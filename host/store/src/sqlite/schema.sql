-- Version 1 of the ledger's tables. Times are milliseconds since the Unix epoch, hashes are 32 bytes.

-- The entries, over all runs in the order in which they were appended.
CREATE TABLE entries (
    position INTEGER PRIMARY KEY,
    run      TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    call     TEXT,
    time     INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    content  TEXT    NOT NULL,
    previous BLOB    NOT NULL,
    hash     BLOB    NOT NULL,
    UNIQUE (run, sequence)
) STRICT;

CREATE INDEX entries_kind ON entries (kind, position);
CREATE INDEX entries_actor ON entries (actor, position);
CREATE INDEX entries_time ON entries (time);

-- What entries name by its hash only. Retention may remove rows here.
CREATE TABLE payloads (
    hash BLOB PRIMARY KEY NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- What each commit added. No row id: a block is always found by its place.
CREATE TABLE blocks (
    writer    TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    previous  BLOB    NOT NULL,
    items     TEXT    NOT NULL,
    hash      BLOB    NOT NULL,
    signature BLOB    NOT NULL,
    PRIMARY KEY (writer, number)
) STRICT, WITHOUT ROWID;

-- A projection: the end of each chain, and the summary of each run (none for the chains of the installation itself).
CREATE TABLE runs (
    run           TEXT    NOT NULL PRIMARY KEY,
    epoch         INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_hash     BLOB    NOT NULL,
    moved         INTEGER NOT NULL,
    workflow      TEXT,
    status        TEXT,
    wake          INTEGER,
    started       INTEGER,
    ended         INTEGER,
    started_by    TEXT,
    dedupe        TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_wake ON runs (wake) WHERE wake IS NOT NULL;
CREATE INDEX runs_dedupe ON runs (workflow, dedupe, started) WHERE dedupe IS NOT NULL;
CREATE INDEX runs_started ON runs (started, run);
CREATE INDEX runs_under_way ON runs (workflow, started, run) WHERE ended IS NULL AND workflow IS NOT NULL;

-- What is written stays: no statement of this program changes it, and these refuse those of others. An INSERT OR
-- REPLACE fires no trigger of deletion (https://sqlite.org/lang_conflict.html), so inserts are looked at too.
CREATE TRIGGER entries_are_not_updated BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER entries_are_not_replaced BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE position = NEW.position)
  OR EXISTS (SELECT 1 FROM entries WHERE run = NEW.run AND sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'entries are never replaced'); END;
CREATE TRIGGER blocks_are_not_updated BEFORE UPDATE ON blocks
BEGIN SELECT RAISE(ABORT, 'blocks are never changed'); END;
CREATE TRIGGER blocks_are_not_deleted BEFORE DELETE ON blocks
BEGIN SELECT RAISE(ABORT, 'blocks are never deleted'); END;
CREATE TRIGGER blocks_are_not_replaced BEFORE INSERT ON blocks
WHEN EXISTS (SELECT 1 FROM blocks WHERE writer = NEW.writer AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'blocks are never replaced'); END;
