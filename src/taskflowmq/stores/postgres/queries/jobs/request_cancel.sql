-- Requests from the worker of a running job to stop it; the actor and the time of the first request stay.
-- The lock on the running row makes settling wait for this request, or this request find that the job has moved on.
WITH held AS MATERIALIZED (
  SELECT job_id, worker_id FROM taskflow.running WHERE job_id = $2::uuid FOR KEY SHARE
),
asked AS (
  INSERT INTO taskflow.cancel_request (job_id, worker_id, at, actor)
  SELECT job_id, worker_id, (SELECT coalesce($1::timestamptz, clock_timestamp())), $3::text FROM held
  ON CONFLICT (job_id) DO NOTHING
)
SELECT job_id FROM held
