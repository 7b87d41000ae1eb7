-- Reads the requests of jobs of a tenant, with their answers if wanted, and what their states follow from.
SELECT i.id, i.job_id, i.kind, i.seconds, i.asked_at, i.asked_by, i.worker_id, i.answered_at,
       CASE WHEN $5::boolean THEN i.answer::text END AS answer,
       i.until <= (SELECT coalesce($1::timestamptz, clock_timestamp())) AS is_late,
       coalesce(r.lease_no = i.lease_no, false) AS is_held
FROM unnest($3::uuid[]) AS x (job_id)
CROSS JOIN LATERAL (SELECT i.* FROM taskflow.inspection i WHERE i.job_id = x.job_id OFFSET 0) i
CROSS JOIN LATERAL (SELECT j.tenant_id FROM taskflow.job j WHERE j.id = i.job_id AND j.deleted_at IS NULL OFFSET 0) j
LEFT JOIN LATERAL (SELECT r.lease_no FROM taskflow.running r WHERE r.job_id = i.job_id OFFSET 0) r ON true
WHERE j.tenant_id = (SELECT t.id FROM taskflow.tenant t WHERE t.name = $2::text)
  AND ($4::text IS NULL OR i.kind = $4::text)
ORDER BY i.job_id, i.kind
