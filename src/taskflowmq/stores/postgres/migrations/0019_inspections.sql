-- Requests for the stack or a profile of a running job: one of each kind per job, for an hour. Programs of the version before use
-- none of this.
CREATE TABLE taskflow.inspection (
  job_id      uuid        NOT NULL,
  kind        text        NOT NULL CHECK (kind IN ('stack', 'profile')),
  id          uuid        NOT NULL,
  worker_id   uuid        NOT NULL,
  lease_no    integer     NOT NULL,
  seconds     integer     NOT NULL,
  asked_at    timestamptz NOT NULL,
  asked_by    text        NOT NULL,
  -- An answer after this time is not wanted.
  until       timestamptz NOT NULL,
  answered_at timestamptz,
  answer      json,
  PRIMARY KEY (job_id, kind)
);
CREATE INDEX inspection_waiting ON taskflow.inspection (worker_id) WHERE answered_at IS NULL;

UPDATE taskflow.store SET schema_version = 19;

-- functions: c40768cefd67b940
