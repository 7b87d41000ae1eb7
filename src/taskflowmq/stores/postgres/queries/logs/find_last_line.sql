-- Finds the place of the last line of a tenant's job.
SELECT l.lease_no, l.seq FROM taskflow.job_log l
WHERE l.job_id = (
    SELECT j.id FROM taskflow.job j JOIN taskflow.tenant t ON t.id = j.tenant_id
    WHERE j.id = $2::uuid AND j.deleted_at IS NULL AND t.name = $1::text)
ORDER BY l.lease_no DESC, l.seq DESC
LIMIT 1
