-- Failures by kind. Only dead jobs have the fingerprint of their error, so the index holds no other. What processes append is
-- joined by a duty, into a row per minute and kind, and later per hour; "span" is the seconds that a joined row stands for; 0: as
-- it was appended. Programs of the version before use none of this: the failures of their jobs are not counted by kind.
ALTER TABLE taskflow_outcome ADD COLUMN fingerprint TEXT;
CREATE INDEX taskflow_outcome_fingerprint ON taskflow_outcome (fingerprint, job_id) WHERE fingerprint IS NOT NULL;

CREATE TABLE taskflow_error_group (
  tenant_id   INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  task_id     INTEGER NOT NULL,
  type        TEXT NOT NULL,
  message     TEXT NOT NULL,
  first_at    INTEGER NOT NULL,
  -- Of what has been joined; the rest is in error_stat.
  last_at     INTEGER NOT NULL,
  count       INTEGER NOT NULL DEFAULT 0,
  job_id      BLOB NOT NULL,
  -- What operators decided: at most one of both, when and by whom.
  resolved_at INTEGER,
  muted_until INTEGER,
  changed_at  INTEGER,
  changed_by  TEXT,
  PRIMARY KEY (tenant_id, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE taskflow_error_stat (
  span        INTEGER NOT NULL,
  minute      INTEGER NOT NULL,
  tenant_id   INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  count       INTEGER NOT NULL,
  last_at     INTEGER NOT NULL,
  job_id      BLOB NOT NULL
) STRICT;
CREATE INDEX taskflow_error_stat_span ON taskflow_error_stat (span, minute);
CREATE INDEX taskflow_error_stat_kind ON taskflow_error_stat (tenant_id, fingerprint, minute);
