-- Deletes jobs of one final state that ended before the retention, with all that belongs to them. They were found
-- before ($4, in id order): a dead job may have begun a new round since then, so all conditions are checked again,
-- under a lock.
WITH n AS MATERIALIZED (
  SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) - $3::bigint * interval '1 millisecond' AS since
),
late AS MATERIALIZED (
  SELECT o.job_id FROM unnest($4::uuid[]) AS x (job_id)
  CROSS JOIN LATERAL (
    SELECT o.job_id FROM taskflow.outcome o
    WHERE o.job_id = x.job_id AND o.state = $2::text AND o.finished_at <= (SELECT since FROM n) FOR UPDATE SKIP LOCKED) o
),
outcomes AS (
  DELETE FROM taskflow.outcome WHERE job_id = ANY(ARRAY(SELECT job_id FROM late)) RETURNING job_id
),
jobs AS (
  DELETE FROM taskflow.job WHERE id = ANY(ARRAY(SELECT job_id FROM late))
),
attempts AS (
  DELETE FROM taskflow.attempt WHERE job_id = ANY(ARRAY(SELECT job_id FROM late))
),
lines AS (
  DELETE FROM taskflow.job_log WHERE job_id = ANY(ARRAY(SELECT job_id FROM late))
),
requests AS (
  DELETE FROM taskflow.cancel_request WHERE job_id = ANY(ARRAY(SELECT job_id FROM late))
)
SELECT count(*) AS deleted FROM outcomes
