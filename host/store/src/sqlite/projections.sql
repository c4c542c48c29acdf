-- What is kept of the entries so that it need not be read from them again. All of it can be made anew from them.

-- The end of each chain, and the summary of each run (none for the chains of the installation itself).
CREATE TABLE runs (
    run           TEXT    NOT NULL PRIMARY KEY,
    epoch         INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_hash     BLOB    NOT NULL,
    moved         INTEGER NOT NULL,
    -- The entry that parks the run, and its time; both null when it is not parked.
    parked        INTEGER,
    parked_since  INTEGER,
    workflow      TEXT,
    status        TEXT,
    wake          INTEGER,
    started       INTEGER,
    ended         INTEGER,
    started_by    TEXT,
    dedupe        TEXT,
    -- What the run waits for, as JSON, and since when; both null when it waits for nothing.
    waits         TEXT,
    waiting_since INTEGER
) STRICT, WITHOUT ROWID;
