-- Ends the jobs of the CTE "ending", which have left their place: writes their outcomes and frees their unique keys (one
-- that is kept for a time stays). Whatever else must happen when a job ends belongs here.
WITH ending AS (
  SELECT job_id, 'completed' AS state, NULL::text AS reason, worker_id, started_at, started_at AS finished_at, round, attempt,
         crashes, losses, lease_no, flags, NULL::json AS result, NULL::text AS result_error, NULL::json AS error, progress, NULL::text AS fingerprint
  FROM taskflow.running
)
-- begin
, ended AS (
  INSERT INTO taskflow.outcome (job_id, state, reason, worker_id, started_at, finished_at, round, attempt, crashes, losses,
                                lease_no, result, result_error, error, progress, fingerprint)
  SELECT job_id, state, reason, worker_id, started_at, finished_at, round, attempt, crashes, losses, lease_no, result,
         result_error, error, progress, fingerprint
  FROM ending
),
freed AS (
  DELETE FROM taskflow.unique_lock WHERE ctid = ANY(ARRAY(
    SELECT u.ctid FROM ending e
    CROSS JOIN LATERAL (SELECT u.ctid FROM taskflow.unique_lock u
                        WHERE u.job_id = e.job_id AND u.free_at IN ('start', 'finish') OFFSET 0) u
    WHERE e.flags & 3 <> 0))
)
-- end
SELECT job_id FROM ending
