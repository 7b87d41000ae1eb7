-- What jobs log: lines of the attempts that keep theirs. Numbers of one attempt begin at 1; a line that was dropped leaves a gap.
-- Programs of the version before write none, and delete none with their jobs: duties of this version find what they leave.
CREATE TABLE taskflow_job_log (
  job_id   BLOB NOT NULL,
  lease_no INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  round    INTEGER NOT NULL,
  attempt  INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  level    INTEGER NOT NULL,
  message  TEXT NOT NULL,
  fields   TEXT,
  PRIMARY KEY (job_id, lease_no, seq)
) STRICT, WITHOUT ROWID;
