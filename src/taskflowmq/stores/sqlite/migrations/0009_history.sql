-- The history of jobs. What processes append is joined by a duty, into a row per minute, queue and task, and later per hour. "span"
-- is the seconds that a joined row stands for; 0: as it was appended. Programs of the version before do not use the table.
ALTER TABLE taskflow_stat ADD COLUMN span INTEGER NOT NULL DEFAULT 0;
DROP INDEX taskflow_stat_minute;
CREATE INDEX taskflow_stat_span ON taskflow_stat (span, minute);

-- Ready jobs by queue and task at the start of a minute; a pair without a row had none. The row of queue 0 and task 0 holds
-- their sum, and says that this minute was counted.
CREATE TABLE taskflow_backlog (
  minute   INTEGER NOT NULL,
  queue_id INTEGER NOT NULL,
  task_id  INTEGER NOT NULL,
  ready    INTEGER NOT NULL,
  PRIMARY KEY (minute, queue_id, task_id)
) STRICT, WITHOUT ROWID;
