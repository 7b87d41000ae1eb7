-- Names of queues and tasks are unique within a tenant only, and what jobs of several tenants shared is split. Programs
-- of versions before 0008 do not survive this. SQLite cannot drop a UNIQUE of a column nor change a default, so both
-- tables are recreated. They are copied back and forth instead of renamed: a rename fails where a view of the
-- application names a table that is missing at that moment.
CREATE TABLE taskflow_queue_before AS SELECT * FROM taskflow_queue;
DROP TABLE taskflow_queue;
CREATE TABLE taskflow_queue (
  id        INTEGER PRIMARY KEY,
  tenant_id INTEGER NOT NULL,
  name      TEXT NOT NULL,
  paused_at INTEGER,
  settings  TEXT NOT NULL DEFAULT '{}',
  used_at   INTEGER,
  UNIQUE (tenant_id, name)
) STRICT;
INSERT INTO taskflow_queue (id, tenant_id, name, paused_at, settings, used_at)
SELECT id, tenant_id, name, paused_at, settings, used_at FROM taskflow_queue_before ORDER BY id;
DROP TABLE taskflow_queue_before;

CREATE TABLE taskflow_task_before AS SELECT * FROM taskflow_task;
DROP TABLE taskflow_task;
CREATE TABLE taskflow_task (
  id          INTEGER PRIMARY KEY,
  tenant_id   INTEGER NOT NULL,
  name        TEXT NOT NULL,
  args_schema TEXT,
  options     TEXT,
  seen_at     INTEGER NOT NULL,
  UNIQUE (tenant_id, name)
) STRICT;
INSERT INTO taskflow_task (id, tenant_id, name, args_schema, options, seen_at)
SELECT id, tenant_id, name, args_schema, options, seen_at FROM taskflow_task_before ORDER BY id;
DROP TABLE taskflow_task_before;

-- Which lanes and tasks have jobs of which tenants. In a store with one tenant, no job is read for it.
CREATE TABLE taskflow_used AS
SELECT DISTINCT j.tenant_id, j.lane_id, j.task_id
FROM (SELECT 1 FROM taskflow_tenant WHERE id > 1 LIMIT 1) AS several CROSS JOIN taskflow_job AS j;

-- Queues and lanes with jobs of other tenants than their own: each of those gets its own, with the same pause and settings.
-- None of these names is taken: until now a name was unique in the whole store.
CREATE TABLE taskflow_split_lane AS
SELECT DISTINCT u.tenant_id, u.lane_id, l.queue_id, l.priority, l.share, q.name
FROM taskflow_used AS u
JOIN taskflow_lane AS l ON l.id = u.lane_id
JOIN taskflow_queue AS q ON q.id = l.queue_id
WHERE q.tenant_id <> u.tenant_id;
INSERT INTO taskflow_queue (tenant_id, name, paused_at, settings, used_at)
SELECT s.tenant_id, q.name, q.paused_at, q.settings, q.used_at
FROM (SELECT DISTINCT tenant_id, queue_id FROM taskflow_split_lane) AS s
JOIN taskflow_queue AS q ON q.id = s.queue_id
ORDER BY s.tenant_id, q.id;
INSERT INTO taskflow_lane (queue_id, priority, share)
SELECT own.id, s.priority, s.share
FROM taskflow_split_lane AS s
JOIN taskflow_queue AS own ON own.tenant_id = s.tenant_id AND own.name = s.name
ORDER BY s.tenant_id, s.lane_id;
CREATE TABLE taskflow_split_task AS
SELECT DISTINCT u.tenant_id, u.task_id, k.name
FROM taskflow_used AS u
JOIN taskflow_task AS k ON k.id = u.task_id
WHERE k.tenant_id <> u.tenant_id;
INSERT INTO taskflow_task (tenant_id, name, args_schema, options, seen_at)
SELECT s.tenant_id, k.name, k.args_schema, k.options, k.seen_at
FROM taskflow_split_task AS s
JOIN taskflow_task AS k ON k.id = s.task_id
ORDER BY s.tenant_id, k.id;

-- Their jobs go there, and the rows of those that are ready or running. A position stays: none is drawn twice in a store.
CREATE TABLE taskflow_moved_lane (
  tenant_id INTEGER NOT NULL, lane_id INTEGER NOT NULL, own INTEGER NOT NULL, PRIMARY KEY (tenant_id, lane_id)
) STRICT, WITHOUT ROWID;
INSERT INTO taskflow_moved_lane (tenant_id, lane_id, own)
SELECT s.tenant_id, s.lane_id, l.id
FROM taskflow_split_lane AS s
JOIN taskflow_queue AS own ON own.tenant_id = s.tenant_id AND own.name = s.name
JOIN taskflow_lane AS l ON l.queue_id = own.id AND l.priority = s.priority AND l.share = s.share;
CREATE TABLE taskflow_moved_task (
  tenant_id INTEGER NOT NULL, task_id INTEGER NOT NULL, own INTEGER NOT NULL, PRIMARY KEY (tenant_id, task_id)
) STRICT, WITHOUT ROWID;
INSERT INTO taskflow_moved_task (tenant_id, task_id, own)
SELECT s.tenant_id, s.task_id, own.id
FROM taskflow_split_task AS s
JOIN taskflow_task AS own ON own.tenant_id = s.tenant_id AND own.name = s.name;
UPDATE taskflow_job SET lane_id = m.own
FROM taskflow_moved_lane AS m
WHERE m.tenant_id = taskflow_job.tenant_id AND m.lane_id = taskflow_job.lane_id;
UPDATE taskflow_job SET task_id = m.own
FROM taskflow_moved_task AS m
WHERE m.tenant_id = taskflow_job.tenant_id AND m.task_id = taskflow_job.task_id;
UPDATE taskflow_ready SET lane_id = j.lane_id, task_id = j.task_id
FROM taskflow_job AS j
WHERE j.id = taskflow_ready.job_id AND (j.lane_id <> taskflow_ready.lane_id OR j.task_id <> taskflow_ready.task_id);
UPDATE taskflow_running SET lane_id = j.lane_id
FROM taskflow_job AS j
WHERE j.id = taskflow_running.job_id AND j.lane_id <> taskflow_running.lane_id;
DROP TABLE taskflow_used;
DROP TABLE taskflow_split_lane;
DROP TABLE taskflow_split_task;
DROP TABLE taskflow_moved_lane;
DROP TABLE taskflow_moved_task;

-- Jobs of all tenants but the first are found by it, for their counts: a store with one tenant has an empty index.
CREATE INDEX taskflow_job_tenant ON taskflow_job (tenant_id, id) WHERE tenant_id > 1;
