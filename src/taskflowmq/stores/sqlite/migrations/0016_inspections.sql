-- Requests for the stack or a profile of a running job: one of each kind per job, for an hour. Programs of the version before use
-- none of this.
CREATE TABLE taskflow_inspection (
  job_id      BLOB NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('stack', 'profile')),
  id          BLOB NOT NULL,
  worker_id   BLOB NOT NULL,
  lease_no    INTEGER NOT NULL,
  seconds     INTEGER NOT NULL,
  asked_at    INTEGER NOT NULL,
  asked_by    TEXT NOT NULL,
  -- An answer after this time is not wanted.
  until       INTEGER NOT NULL,
  answered_at INTEGER,
  answer      TEXT,
  PRIMARY KEY (job_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX taskflow_inspection_waiting ON taskflow_inspection (worker_id) WHERE answered_at IS NULL;
