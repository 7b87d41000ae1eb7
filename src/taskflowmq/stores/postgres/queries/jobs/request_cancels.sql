-- Requests from the workers of running jobs to stop them; the actor and the time of the first request stay.
-- The lock on the running row makes settling wait for this request, or this request find that the job has moved on.
-- Pass the ids in order: so they are locked.
WITH held AS MATERIALIZED (
  SELECT r.job_id, r.worker_id FROM unnest($2::uuid[]) AS x (id)
  CROSS JOIN LATERAL (SELECT r.job_id, r.worker_id FROM taskflow.running r WHERE r.job_id = x.id FOR KEY SHARE) r
),
asked AS (
  INSERT INTO taskflow.cancel_request (job_id, worker_id, at, actor)
  SELECT job_id, worker_id, (SELECT coalesce($1::timestamptz, clock_timestamp())), $3::text FROM held
  ON CONFLICT (job_id) DO NOTHING
)
SELECT job_id FROM held
