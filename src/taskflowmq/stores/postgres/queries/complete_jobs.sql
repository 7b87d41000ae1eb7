-- Completes running jobs under their fences: the hot path, successes only. Pass the fences in id order.
-- The lookup locks inside a LATERAL, which leaves the planner no join to get wrong; IN inside CASE is always hashed.
-- Only rows that were deleted get an outcome: a row that was updated under us keeps its place and is read again.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
held AS MATERIALIZED (
  SELECT r.*, x.result, x.result_error
  FROM unnest($2::uuid[], $3::integer[], $4::bytea[], $5::text[]) WITH ORDINALITY
    AS x (job_id, lease_no, result, result_error, ord)
  CROSS JOIN LATERAL (
    SELECT r.ctid AS place, r.job_id, r.worker_id, r.started_at, r.round, r.attempt, r.crashes, r.losses, r.lease_no, r.flags, r.progress
    FROM taskflow.running r WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE
  ) r
),
gone AS (
  DELETE FROM taskflow.running WHERE ctid = ANY(ARRAY(SELECT place FROM held)) RETURNING job_id
),
ended AS (
  INSERT INTO taskflow.outcome (job_id, state, worker_id, started_at, finished_at, round, attempt, crashes, losses,
                                lease_no, result, result_error, progress)
  SELECT job_id, 'completed', worker_id, started_at, (SELECT now FROM n), round, attempt, crashes, losses, lease_no,
         taskflow.storable(convert_from(result, 'UTF8')::json), result_error, progress
  FROM held WHERE CASE WHEN job_id IN (SELECT job_id FROM gone) THEN true ELSE false END
),
freed AS (
  DELETE FROM taskflow.unique_lock WHERE ctid = ANY(ARRAY(
    SELECT u.place FROM held h
    CROSS JOIN LATERAL (SELECT u.ctid AS place FROM taskflow.unique_lock u
                        WHERE u.job_id = h.job_id AND u.free_at = 'finish' FOR UPDATE) u
    WHERE h.flags & 1 <> 0 AND CASE WHEN h.job_id IN (SELECT job_id FROM gone) THEN true ELSE false END))
)
SELECT CASE WHEN count(*) < cardinality($2::uuid[]) THEN coalesce(array_agg(job_id), '{}') END AS applied FROM gone
