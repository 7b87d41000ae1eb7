-- Completes running jobs under their fences: the hot path, successes only. Pass the fences in id order.
-- The lookup locks inside a LATERAL, which leaves the planner no join to choose; IN inside CASE is always hashed.
-- Only rows that were deleted get an outcome: a row that was updated meanwhile keeps its place and is read again.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
held AS MATERIALIZED (
  SELECT r.*, x.result, x.result_error
  FROM unnest($2::uuid[], $3::integer[], $4::bytea[], $5::text[]) WITH ORDINALITY
    AS x (job_id, lease_no, result, result_error, ord)
  CROSS JOIN LATERAL (
    SELECT r.ctid, r.job_id, r.worker_id, r.started_at, r.round, r.attempt, r.crashes, r.losses, r.lease_no, r.flags, r.progress
    FROM taskflow.running r WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE
  ) r
),
gone AS (
  DELETE FROM taskflow.running WHERE ctid = ANY(ARRAY(SELECT held.ctid FROM held)) RETURNING job_id
),
ending AS NOT MATERIALIZED (
  SELECT job_id, 'completed' AS state, NULL::text AS reason, worker_id, started_at, (SELECT now FROM n) AS finished_at, round,
         attempt, crashes, losses, lease_no, flags, taskflow.storable(convert_from(result, 'UTF8')::json) AS result,
         result_error, NULL::json AS error, progress, NULL::text AS fingerprint
  FROM held WHERE CASE WHEN job_id IN (SELECT job_id FROM gone) THEN true ELSE false END
)
-- include: end_job
SELECT CASE WHEN count(*) < cardinality($2::uuid[]) THEN coalesce(array_agg(job_id), '{}') END AS applied FROM gone
