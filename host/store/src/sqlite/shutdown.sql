-- Whether the process that had the ledger last closed it in order. One row; no fact about any run.
CREATE TABLE shutdown (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    clean INTEGER NOT NULL
) STRICT;
INSERT INTO shutdown (id, clean) VALUES (1, 1);
