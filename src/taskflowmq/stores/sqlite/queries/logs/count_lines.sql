-- Counts the lines of a tenant's job that are stored, and those that are missing by their numbers.
SELECT coalesce(sum(lines), 0), coalesce(sum(last - lines), 0)
FROM (
  SELECT count(*) AS lines, max(l.seq) AS last FROM taskflow_job_log AS l
  WHERE l.job_id = (
      SELECT j.id FROM taskflow_job AS j JOIN taskflow_tenant AS t ON t.id = j.tenant_id
      WHERE j.id = :job_id AND j.deleted_at IS NULL AND t.name = :tenant)
    AND (:attempt IS NULL OR l.attempt = :attempt) AND (:round IS NULL OR l.round = :round)
  GROUP BY l.lease_no
)
