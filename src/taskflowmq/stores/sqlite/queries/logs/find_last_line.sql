-- Finds the place of the last line of a tenant's job.
SELECT l.lease_no, l.seq FROM taskflow_job_log AS l
WHERE l.job_id = (
    SELECT j.id FROM taskflow_job AS j JOIN taskflow_tenant AS t ON t.id = j.tenant_id
    WHERE j.id = :job_id AND j.deleted_at IS NULL AND t.name = :tenant)
ORDER BY l.lease_no DESC, l.seq DESC
LIMIT 1
