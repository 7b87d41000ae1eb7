-- Workers report their load and obey commands with their heartbeat. What attempts show of a worker outlives its row.
ALTER TABLE taskflow_worker ADD COLUMN load TEXT;
ALTER TABLE taskflow_worker ADD COLUMN load_at INTEGER;
-- What the worker shall do: null runs jobs.
ALTER TABLE taskflow_worker ADD COLUMN command TEXT CHECK (command IN ('drain', 'stop'));
ALTER TABLE taskflow_worker ADD COLUMN command_at INTEGER;
ALTER TABLE taskflow_worker ADD COLUMN command_by TEXT;

CREATE TABLE taskflow_past_worker (
  id       BLOB NOT NULL PRIMARY KEY,
  host     TEXT NOT NULL,
  pid      INTEGER NOT NULL,
  ended_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX taskflow_past_worker_ended ON taskflow_past_worker (ended_at);
