-- Workers report their load and obey commands with their heartbeat. What attempts show of a worker outlives its row.
ALTER TABLE taskflow.worker
  ADD COLUMN load       json,
  ADD COLUMN load_at    timestamptz,
  -- What the worker shall do: null runs jobs.
  ADD COLUMN command    text CHECK (command IN ('drain', 'stop')),
  ADD COLUMN command_at timestamptz,
  ADD COLUMN command_by text;

CREATE TABLE taskflow.past_worker (
  id       uuid        NOT NULL PRIMARY KEY,
  host     text        NOT NULL,
  pid      integer     NOT NULL,
  ended_at timestamptz NOT NULL
);
CREATE INDEX past_worker_ended ON taskflow.past_worker (ended_at);

UPDATE taskflow.store SET schema_version = 13;

-- functions: 438ee37c9f65b92a
