-- What jobs log: lines of the attempts that keep theirs. Numbers of one attempt begin at 1; a line that was dropped leaves a gap.
-- Programs of the version before write none, and delete none with their jobs: duties of this version find what they leave.
CREATE TABLE taskflow.job_log (
  job_id   uuid        NOT NULL,
  lease_no integer     NOT NULL,
  seq      bigint      NOT NULL,
  round    integer     NOT NULL,
  attempt  integer     NOT NULL,
  at       timestamptz NOT NULL,
  level    smallint    NOT NULL,
  message  text        NOT NULL,
  fields   json,
  PRIMARY KEY (job_id, lease_no, seq)
);

UPDATE taskflow.store SET schema_version = 15;

-- functions: 24a4f1599341e2e5
