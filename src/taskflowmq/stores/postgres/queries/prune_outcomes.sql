-- Deletes jobs of one final state that ended before the retention, with all that belongs to them. Ids bound the scan:
-- a job that ended long ago was made even longer ago (ids may be a day off). Days from $5 on are left to retire_day.
WITH n AS MATERIALIZED (
  SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) - $3::bigint * interval '1 millisecond' AS since
),
late AS MATERIALIZED (
  SELECT o.job_id FROM taskflow.outcome o
  WHERE o.state = $2::text AND o.finished_at <= (SELECT since FROM n)
    AND o.job_id < (SELECT taskflow.lowest_id(least(since + interval '25 hours', $5::date::timestamp AT TIME ZONE 'UTC')) FROM n)
  ORDER BY o.job_id LIMIT $4::integer FOR UPDATE SKIP LOCKED
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
requests AS (
  DELETE FROM taskflow.cancel_request WHERE job_id = ANY(ARRAY(SELECT job_id FROM late))
)
SELECT count(*) AS deleted FROM outcomes
