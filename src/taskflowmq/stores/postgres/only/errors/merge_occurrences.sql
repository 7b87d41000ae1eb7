-- Merges failures of one release into rows of $1 seconds: those below $2 and of the first $3 seconds that hold any, together with rows joined
-- before. $4 is the spans of rows that are not joined yet. What was as it was appended is added to its group.
WITH due AS MATERIALIZED (
  SELECT to_timestamp(floor(extract(epoch FROM min(f.minute)) / $1::integer) * $1::integer) AS since
  FROM unnest($4::integer[]) AS x (span)
  CROSS JOIN LATERAL (
    SELECT s.minute FROM taskflow.error_stat s WHERE s.span = x.span AND s.minute < $2::timestamptz ORDER BY s.minute LIMIT 1) f
),
gone AS (
  DELETE FROM taskflow.error_stat s USING due
  WHERE s.span = ANY($4::integer[] || $1::integer) AND s.minute >= due.since
    AND s.minute < least(due.since + $3::integer * interval '1 second', $2::timestamptz)
  RETURNING s.span, s.minute, s.tenant_id, s.fingerprint, s.count, s.last_at, s.job_id, s.release_id
),
joined AS (
  INSERT INTO taskflow.error_stat (span, minute, tenant_id, fingerprint, count, last_at, job_id, release_id)
  SELECT $1::integer, to_timestamp(floor(extract(epoch FROM g.minute) / $1::integer) * $1::integer), g.tenant_id, g.fingerprint,
         sum(g.count), max(g.last_at), (array_agg(g.job_id ORDER BY g.job_id DESC))[1], g.release_id
  FROM gone g
  GROUP BY 2, g.tenant_id, g.fingerprint, g.release_id
),
-- Locked in the order in which processes make groups.
news AS MATERIALIZED (
  SELECT e.tenant_id, e.fingerprint, n.count, n.last_at, n.job_id
  FROM (SELECT g.tenant_id, g.fingerprint, sum(g.count) AS count, max(g.last_at) AS last_at,
               (array_agg(g.job_id ORDER BY g.job_id DESC))[1] AS job_id
        FROM gone g WHERE g.span = 0 GROUP BY g.tenant_id, g.fingerprint) n
  JOIN taskflow.error_group e ON e.tenant_id = n.tenant_id AND e.fingerprint = n.fingerprint
  ORDER BY e.tenant_id, e.fingerprint FOR UPDATE OF e
),
added AS (
  UPDATE taskflow.error_group e
  SET count = e.count + n.count, last_at = greatest(e.last_at, n.last_at), job_id = greatest(e.job_id, n.job_id)
  FROM news n WHERE e.tenant_id = n.tenant_id AND e.fingerprint = n.fingerprint
)
SELECT count(*) FROM gone
