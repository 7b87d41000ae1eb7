-- Names become unique per tenant: what several tenants share in a store of schema version 10 is divided, and programs
-- of that version, which know one name space, are refused. None of them may run. The rows of jobs are written only
-- where another tenant than the owner of a queue or a task has jobs in it. The tables that this step makes and drops are
-- not temporary: a role that owns the schema may lack that right.
LOCK TABLE taskflow.job, taskflow.ready, taskflow.waiting, taskflow.running IN SHARE ROW EXCLUSIVE MODE;

ALTER TABLE taskflow.queue DROP CONSTRAINT queue_name_key;
ALTER TABLE taskflow.task DROP CONSTRAINT task_name_key;
ALTER TABLE taskflow.queue ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE taskflow.task ALTER COLUMN tenant_id DROP DEFAULT;

-- Empty if only the first tenant has jobs: a store with one tenant does not pay for it.
CREATE INDEX job_tenant ON taskflow.job (tenant_id, id) WHERE tenant_id > 1;

CREATE UNLOGGED TABLE taskflow.shared_lane AS
SELECT DISTINCT j.tenant_id, j.lane_id, l.queue_id, q.name, l.priority, l.share
FROM taskflow.job j JOIN taskflow.lane l ON l.id = j.lane_id JOIN taskflow.queue q ON q.id = l.queue_id
WHERE q.tenant_id <> j.tenant_id;

INSERT INTO taskflow.queue (tenant_id, name, paused_at, settings, used_at)
SELECT s.tenant_id, q.name, q.paused_at, q.settings, q.used_at
FROM (SELECT DISTINCT tenant_id, queue_id FROM taskflow.shared_lane) s JOIN taskflow.queue q ON q.id = s.queue_id
ON CONFLICT (tenant_id, name) DO NOTHING;

INSERT INTO taskflow.lane (queue_id, priority, share)
SELECT q.id, s.priority, s.share
FROM taskflow.shared_lane s JOIN taskflow.queue q ON q.tenant_id = s.tenant_id AND q.name = s.name
ON CONFLICT (queue_id, priority, share) DO NOTHING;

CREATE UNLOGGED TABLE taskflow.new_lane AS
SELECT s.tenant_id, s.lane_id AS old_id, l.id AS new_id
FROM taskflow.shared_lane s JOIN taskflow.queue q ON q.tenant_id = s.tenant_id AND q.name = s.name
JOIN taskflow.lane l ON l.queue_id = q.id AND l.priority = s.priority AND l.share = s.share;

UPDATE taskflow.ready r SET lane_id = n.new_id
FROM taskflow.job j, taskflow.new_lane n WHERE j.id = r.job_id AND n.tenant_id = j.tenant_id AND n.old_id = r.lane_id;
UPDATE taskflow.running r SET lane_id = n.new_id
FROM taskflow.job j, taskflow.new_lane n WHERE j.id = r.job_id AND n.tenant_id = j.tenant_id AND n.old_id = r.lane_id;
UPDATE taskflow.job j SET lane_id = n.new_id
FROM taskflow.new_lane n WHERE n.tenant_id = j.tenant_id AND n.old_id = j.lane_id;

CREATE UNLOGGED TABLE taskflow.shared_task AS
SELECT DISTINCT j.tenant_id, j.task_id, k.name
FROM taskflow.job j JOIN taskflow.task k ON k.id = j.task_id WHERE k.tenant_id <> j.tenant_id;

INSERT INTO taskflow.task (tenant_id, name, args_schema, seen_at, options)
SELECT s.tenant_id, k.name, k.args_schema, k.seen_at, k.options
FROM taskflow.shared_task s JOIN taskflow.task k ON k.id = s.task_id
ON CONFLICT (tenant_id, name) DO NOTHING;

UPDATE taskflow.ready r SET task_id = k.id
FROM taskflow.job j, taskflow.shared_task s, taskflow.task k
WHERE j.id = r.job_id AND s.tenant_id = j.tenant_id AND s.task_id = r.task_id AND k.tenant_id = s.tenant_id AND k.name = s.name;
UPDATE taskflow.job j SET task_id = k.id
FROM taskflow.shared_task s, taskflow.task k
WHERE s.tenant_id = j.tenant_id AND s.task_id = j.task_id AND k.tenant_id = s.tenant_id AND k.name = s.name;

DROP TABLE taskflow.shared_lane, taskflow.new_lane, taskflow.shared_task;

DROP FUNCTION IF EXISTS taskflow.lane_no(text, smallint, text);
DROP FUNCTION IF EXISTS taskflow.task_no(text, timestamptz);

UPDATE taskflow.store SET min_client = 11;
