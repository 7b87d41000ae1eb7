-- Counts the lines of a tenant's job that are stored, and those that are missing by their numbers.
SELECT coalesce(sum(s.lines), 0)::bigint AS total, coalesce(sum(s.last - s.lines), 0)::bigint AS dropped
FROM (
  SELECT count(*) AS lines, max(l.seq) AS last FROM taskflow.job_log l
  WHERE l.job_id = (
      SELECT j.id FROM taskflow.job j JOIN taskflow.tenant t ON t.id = j.tenant_id
      WHERE j.id = $2::uuid AND j.deleted_at IS NULL AND t.name = $1::text)
    AND ($3::integer IS NULL OR l.attempt = $3::integer) AND ($4::integer IS NULL OR l.round = $4::integer)
  GROUP BY l.lease_no
) s
