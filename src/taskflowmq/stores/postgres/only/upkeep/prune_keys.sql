-- Deletes what has expired: unique keys with a period, Idempotency-Keys and bare ids after 24 h, cancel requests of
-- jobs that are gone, requests for stacks and profiles after an hour, workers that ended a day ago and hold nothing; of those stays where they ran, for $3 milliseconds since
-- they ended (null: without limit). Log lines that a program of an older version has left when it deleted their job.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
keys AS (
  DELETE FROM taskflow.unique_lock WHERE (tenant_id, key) IN (
    SELECT tenant_id, key FROM taskflow.unique_lock WHERE until <= (SELECT now FROM n)
    ORDER BY until LIMIT $2::integer FOR UPDATE SKIP LOCKED)
  RETURNING 1
),
idempotent AS (
  DELETE FROM taskflow.idempotency WHERE (tenant_id, key) IN (
    SELECT tenant_id, key FROM taskflow.idempotency WHERE created_at <= (SELECT now FROM n) - interval '24 hours'
    ORDER BY created_at LIMIT $2::integer FOR UPDATE SKIP LOCKED)
  RETURNING 1
),
bare AS (
  DELETE FROM taskflow.job WHERE id = ANY(ARRAY(
    SELECT id FROM taskflow.job WHERE deleted_at <= (SELECT now FROM n) - interval '24 hours'
    ORDER BY deleted_at LIMIT $2::integer FOR UPDATE SKIP LOCKED))
  RETURNING 1
),
requests AS (
  DELETE FROM taskflow.cancel_request WHERE job_id IN (
    SELECT c.job_id FROM taskflow.cancel_request c
    WHERE c.at <= (SELECT now FROM n) - interval '1 hour'
      AND NOT EXISTS (SELECT FROM taskflow.job j WHERE j.id = c.job_id AND j.deleted_at IS NULL)
    ORDER BY c.job_id LIMIT $2::integer FOR UPDATE SKIP LOCKED)
  RETURNING 1
),
inspections AS (
  DELETE FROM taskflow.inspection WHERE (job_id, kind) IN (
    SELECT i.job_id, i.kind FROM taskflow.inspection i WHERE i.asked_at <= (SELECT now FROM n) - interval '1 hour'
    ORDER BY i.job_id, i.kind LIMIT $2::integer FOR UPDATE SKIP LOCKED)
  RETURNING 1
),
workers AS (
  DELETE FROM taskflow.worker WHERE id IN (
    SELECT w.id FROM taskflow.worker w
    WHERE w.ended_at <= (SELECT now FROM n) - interval '24 hours'
      AND NOT EXISTS (SELECT FROM taskflow.running r WHERE r.worker_id = w.id)
    ORDER BY w.id LIMIT $2::integer FOR UPDATE SKIP LOCKED)
  RETURNING id, host, pid, ended_at
),
past AS (
  INSERT INTO taskflow.past_worker (id, host, pid, ended_at) SELECT id, host, pid, ended_at FROM workers
  ON CONFLICT DO NOTHING
),
forgotten AS (
  DELETE FROM taskflow.past_worker WHERE id IN (
    SELECT p.id FROM taskflow.past_worker p
    WHERE p.ended_at <= (SELECT now FROM n) - $3::bigint * interval '1 millisecond'
    ORDER BY p.ended_at LIMIT $2::integer FOR UPDATE SKIP LOCKED)
  RETURNING 1
),
left_lines AS (
  DELETE FROM taskflow.job_log WHERE ctid = ANY(ARRAY(
    SELECT l.ctid FROM taskflow.job_log l
    WHERE l.job_id < taskflow.lowest_id((SELECT now FROM n) - $3::bigint * interval '1 millisecond')
      AND NOT EXISTS (SELECT FROM taskflow.job j WHERE j.id = l.job_id)
    ORDER BY l.job_id LIMIT $2::integer FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT (SELECT count(*) FROM keys) + (SELECT count(*) FROM idempotent) + (SELECT count(*) FROM bare)
     + (SELECT count(*) FROM requests) + (SELECT count(*) FROM inspections) + (SELECT count(*) FROM workers)
     + (SELECT count(*) FROM forgotten) + (SELECT count(*) FROM left_lines) AS deleted
