-- Reads lines of a tenant's job behind a place, in the order in which they were written.
SELECT l.lease_no, l.round, l.attempt, l.seq, l.at, l.level, l.message, l.fields
FROM taskflow_job_log AS l
WHERE l.job_id = (
    SELECT j.id FROM taskflow_job AS j JOIN taskflow_tenant AS t ON t.id = j.tenant_id
    WHERE j.id = :job_id AND j.deleted_at IS NULL AND t.name = :tenant)
  AND (l.lease_no, l.seq) > (:lease_no, :seq) AND l.level >= :level
  AND (:text IS NULL OR instr(lower(l.message), lower(:text)) > 0 OR instr(lower(l.fields), lower(:text)) > 0)
  AND (:attempt IS NULL OR l.attempt = :attempt) AND (:round IS NULL OR l.round = :round)
ORDER BY l.lease_no, l.seq
LIMIT :limit
