-- Lists what a worker is to do with its running jobs: cancel those without a kind, and inspect the others. In job order.
SELECT c.job_id, NULL AS kind, NULL AS id, 0 AS lease_no, 0 AS seconds
FROM taskflow_cancel_request AS c
JOIN taskflow_running AS r ON r.job_id = c.job_id AND r.worker_id = c.worker_id
WHERE c.worker_id = :worker_id
UNION ALL
SELECT i.job_id, i.kind, i.id, i.lease_no, i.seconds
FROM taskflow_inspection AS i
WHERE i.worker_id = :worker_id AND i.answered_at IS NULL AND i.until > :now
ORDER BY job_id
