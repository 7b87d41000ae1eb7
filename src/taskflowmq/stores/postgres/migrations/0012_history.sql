-- The history of jobs. What processes append is joined by a duty, into a row per minute, queue and task, and later per hour. "span"
-- is the seconds that a joined row stands for; 0: as it was appended. Programs of the version before do not use the table.
ALTER TABLE taskflow.stat ADD COLUMN span integer NOT NULL DEFAULT 0;
DROP INDEX taskflow.stat_minute;
CREATE INDEX stat_span ON taskflow.stat (span, minute);

-- Ready jobs by queue and task at the start of a minute; a pair without a row had none. The row of queue 0 and task 0 holds
-- their sum, and says that this minute was counted.
CREATE TABLE taskflow.backlog (
  minute   timestamptz NOT NULL,
  queue_id integer     NOT NULL,
  task_id  integer     NOT NULL,
  ready    bigint      NOT NULL,
  PRIMARY KEY (minute, queue_id, task_id)
);

UPDATE taskflow.store SET schema_version = 12;

-- functions: 438ee37c9f65b92a
