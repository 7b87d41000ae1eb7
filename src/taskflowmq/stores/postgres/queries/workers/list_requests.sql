-- Lists what a worker is to do with its running jobs: cancel those without a kind, and inspect the others. In job order.
SELECT c.job_id, NULL::text AS kind, NULL::uuid AS id, 0 AS lease_no, 0 AS seconds
FROM taskflow.cancel_request c
CROSS JOIN LATERAL (SELECT r.worker_id FROM taskflow.running r WHERE r.job_id = c.job_id OFFSET 0) r
WHERE r.worker_id = $2::uuid
UNION ALL
SELECT i.job_id, i.kind, i.id, i.lease_no, i.seconds
FROM taskflow.inspection i
WHERE i.worker_id = $2::uuid AND i.answered_at IS NULL AND i.until > (SELECT coalesce($1::timestamptz, clock_timestamp()))
ORDER BY job_id
