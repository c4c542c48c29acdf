-- The ledger's tables, but for its projections. Times are milliseconds since the Unix epoch, hashes are 32 bytes.

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
