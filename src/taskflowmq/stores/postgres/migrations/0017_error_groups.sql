-- Failures by kind. Only dead jobs have the fingerprint of their error, so the index holds no other, and jobs that complete
-- pay for a null. Building it reads every outcome once. What processes append is joined by a duty, into a row per minute and
-- kind, and later per hour; "span" is the seconds that a joined row stands for; 0: as it was appended. Programs of the version
-- before use none of this: the failures of their jobs are not counted by kind.
ALTER TABLE taskflow.outcome ADD COLUMN fingerprint text;
CREATE INDEX outcome_fingerprint ON taskflow.outcome (fingerprint, job_id) WHERE fingerprint IS NOT NULL;

CREATE TABLE taskflow.error_group (
  tenant_id   integer     NOT NULL,
  fingerprint text        NOT NULL,
  task_id     integer     NOT NULL,
  type        text        NOT NULL,
  message     text        NOT NULL,
  first_at    timestamptz NOT NULL,
  -- Of what has been joined; the rest is in error_stat.
  last_at     timestamptz NOT NULL,
  count       bigint      NOT NULL DEFAULT 0,
  job_id      uuid        NOT NULL,
  -- What operators decided: at most one of both, when and by whom.
  resolved_at timestamptz,
  muted_until timestamptz,
  changed_at  timestamptz,
  changed_by  text,
  PRIMARY KEY (tenant_id, fingerprint)
);

CREATE TABLE taskflow.error_stat (
  span        integer     NOT NULL,
  minute      timestamptz NOT NULL,
  tenant_id   integer     NOT NULL,
  fingerprint text        NOT NULL,
  count       integer     NOT NULL,
  last_at     timestamptz NOT NULL,
  job_id      uuid        NOT NULL
);
CREATE INDEX error_stat_span ON taskflow.error_stat (span, minute);
CREATE INDEX error_stat_kind ON taskflow.error_stat (tenant_id, fingerprint, minute);

UPDATE taskflow.store SET schema_version = 17;

-- functions: c40768cefd67b940
