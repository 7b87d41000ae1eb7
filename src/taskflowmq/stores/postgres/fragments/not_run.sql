-- The rest of a row of "ending" for a job that ends where it waits: it never started, and it has no result.
SELECT job_id
-- begin
, NULL::uuid AS worker_id, NULL::timestamptz AS started_at, round, attempt, crashes, losses, lease_no, flags,
NULL::json AS result, NULL::text AS result_error, NULL::json AS error, NULL::json AS progress,
NULL::text AS fingerprint
-- end
FROM taskflow.waiting
