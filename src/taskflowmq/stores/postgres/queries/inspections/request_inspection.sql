-- Stores a request for the worker of a running job, in the place of one that is answered, late, or of an attempt before.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now)
INSERT INTO taskflow.inspection AS i (job_id, kind, id, worker_id, lease_no, seconds, asked_at, asked_by, until)
SELECT r.job_id, $5::text, $4::uuid, r.worker_id, r.lease_no, $6::integer, n.now, $8::text,
       n.now + $7::bigint * interval '1 millisecond'
FROM n
CROSS JOIN LATERAL (SELECT r.job_id, r.worker_id, r.lease_no FROM taskflow.running r WHERE r.job_id = $3::uuid OFFSET 0) r
CROSS JOIN LATERAL (SELECT j.tenant_id FROM taskflow.job j WHERE j.id = r.job_id AND j.deleted_at IS NULL OFFSET 0) j
WHERE j.tenant_id = (SELECT t.id FROM taskflow.tenant t WHERE t.name = $2::text)
ON CONFLICT (job_id, kind) DO UPDATE
SET id = excluded.id, worker_id = excluded.worker_id, lease_no = excluded.lease_no, seconds = excluded.seconds,
    asked_at = excluded.asked_at, asked_by = excluded.asked_by, until = excluded.until, answered_at = NULL, answer = NULL
WHERE i.id <> excluded.id AND (i.answered_at IS NOT NULL OR i.until <= excluded.asked_at OR i.lease_no <> excluded.lease_no)
RETURNING id
