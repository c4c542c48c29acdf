-- What the statements of the store look for. Each one is needed by a statement: a test holds the plans of all of them.

-- By kind and by actor, in the order of positions.
CREATE INDEX entries_kind ON entries (kind, position);
CREATE INDEX entries_actor ON entries (actor, position);
-- What was written in a short span of time. The kind is in it, so that others of that time need not be read.
CREATE INDEX entries_time ON entries (time, kind);
-- The calls of one attempt of a step, and no others of its run.
CREATE INDEX entries_call ON entries (call) WHERE call IS NOT NULL;

-- What must be driven, and when.
CREATE INDEX runs_wake ON runs (wake) WHERE wake IS NOT NULL AND parked IS NULL;
-- What waits, for whatever or to be resumed, the longest first.
CREATE INDEX runs_waiting ON runs (coalesce(parked_since, waiting_since), run)
    WHERE coalesce(parked_since, waiting_since) IS NOT NULL;
-- The newest run with a deduplication key.
CREATE INDEX runs_dedupe ON runs (workflow, dedupe, started) WHERE dedupe IS NOT NULL;
-- Which runs are under way and not parked, of a workflow and of a key in it.
CREATE INDEX runs_live ON runs (workflow, status)
    WHERE ended IS NULL AND parked IS NULL AND workflow IS NOT NULL;
CREATE INDEX runs_live_key ON runs (workflow, dedupe, status)
    WHERE ended IS NULL AND parked IS NULL AND dedupe IS NOT NULL;
-- The lists of runs, the newest first: all, of a workflow, of a status, of both.
CREATE INDEX runs_started ON runs (started, run) WHERE started IS NOT NULL;
CREATE INDEX runs_workflow ON runs (workflow, started, run) WHERE started IS NOT NULL;
CREATE INDEX runs_status ON runs (status, started, run) WHERE started IS NOT NULL;
CREATE INDEX runs_workflow_status ON runs (workflow, status, started, run) WHERE started IS NOT NULL;
