-- Stores a request for the worker of a running job, in the place of one that is answered, late, or of an attempt before.
INSERT INTO taskflow_inspection (job_id, kind, id, worker_id, lease_no, seconds, asked_at, asked_by, until)
SELECT r.job_id, :kind, :id, r.worker_id, r.lease_no, :seconds, :now, :actor, :now + 1000 * :patience_ms
FROM taskflow_running AS r
CROSS JOIN taskflow_job AS j ON j.id = r.job_id
WHERE r.job_id = :job_id AND j.deleted_at IS NULL
  AND j.tenant_id = (SELECT t.id FROM taskflow_tenant AS t WHERE t.name = :tenant)
ON CONFLICT (job_id, kind) DO UPDATE
SET id = excluded.id, worker_id = excluded.worker_id, lease_no = excluded.lease_no, seconds = excluded.seconds,
    asked_at = excluded.asked_at, asked_by = excluded.asked_by, until = excluded.until, answered_at = NULL, answer = NULL
WHERE taskflow_inspection.id <> excluded.id
  AND (taskflow_inspection.answered_at IS NOT NULL OR taskflow_inspection.until <= excluded.asked_at
       OR taskflow_inspection.lease_no <> excluded.lease_no)
RETURNING id
