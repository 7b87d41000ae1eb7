-- Reads the failures from :since to :until of the given spans by kind, release and step: [[step, tenant, fingerprint, count, count of
-- those that were not joined, last time, newest job in hex, release], ...].
SELECT json_group_array(json_array(step, tenant_id, fingerprint, count, fresh, last_at, hex(job_id), release_id))
FROM (
  SELECT s.minute / :step AS step, s.tenant_id, s.fingerprint, sum(s.count) AS count,
         sum(CASE WHEN s.span = 0 THEN s.count ELSE 0 END) AS fresh, max(s.last_at) AS last_at, max(s.job_id) AS job_id, s.release_id
  FROM json_each(:spans) AS x
  CROSS JOIN taskflow_error_stat AS s ON s.span = x.value AND s.minute >= :since AND s.minute < :until
  GROUP BY 1, 2, 3, s.release_id
)
