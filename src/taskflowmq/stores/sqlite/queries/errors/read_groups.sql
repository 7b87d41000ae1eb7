-- Reads the groups of a tenant: one by its fingerprint, or those in a state, of a task, with a text (in small letters); null
-- means any. At most :limit, the largest value of the order in :sort first, below the value :value and fingerprint :after.
-- The trend is of the 24 hours that end with the present minute, as hour and count; dead jobs are counted up to :most_dead.
-- What is not joined is found by its span ("+": not by tenant, whose rows are many), and only what decides is read of every group.
WITH fresh AS MATERIALIZED (
  SELECT s.fingerprint, sum(s.count) AS count, max(s.last_at) AS last_at, max(s.job_id) AS job_id
  FROM taskflow_error_stat AS s
  WHERE s.span = 0 AND +s.tenant_id = :tenant_id AND (:fingerprint IS NULL OR s.fingerprint = :fingerprint)
  GROUP BY s.fingerprint
),
known AS (
  SELECT g.fingerprint, g.first_at, max(g.last_at, coalesce(f.last_at, 0)) AS last_at, g.count + coalesce(f.count, 0) AS count,
         max(g.job_id, coalesce(f.job_id, g.job_id)) AS job_id, g.resolved_at, g.muted_until,
         CASE WHEN g.resolved_at IS NOT NULL THEN
-- include: occurs_again
         END AS again
  FROM taskflow_error_group AS g
  LEFT JOIN fresh AS f ON f.fingerprint = g.fingerprint
  WHERE g.tenant_id = :tenant_id AND (:fingerprint IS NULL OR g.fingerprint = :fingerprint)
    AND (:task IS NULL OR g.task_id = (SELECT k.id FROM taskflow_task AS k WHERE k.tenant_id = :tenant_id AND k.name = :task))
    AND (:text IS NULL OR instr(lower(
          g.type || ' ' || g.message || ' ' || (SELECT k.name FROM taskflow_task AS k WHERE k.id = g.task_id)), :text) > 0)
),
placed AS (
  SELECT k.*,
         CASE WHEN k.muted_until > :now THEN 'muted' WHEN NOT k.again THEN 'resolved' ELSE 'open' END AS state,
         CASE :sort WHEN 'count' THEN k.count WHEN 'first' THEN k.first_at ELSE k.last_at END AS value
  FROM known AS k
),
chosen AS MATERIALIZED (
  SELECT p.* FROM placed AS p
  WHERE (:state IS NULL OR p.state = :state) AND (:value IS NULL OR (p.value, p.fingerprint) < (:value, :after))
  ORDER BY p.value DESC, p.fingerprint DESC LIMIT :limit
)
SELECT c.fingerprint, g.type, g.message, k.name, c.state, c.first_at, c.last_at, c.count, c.resolved_at, c.muted_until, g.changed_at,
       g.changed_by,
       (SELECT json_group_array(json_array(hour, count)) FROM (
          SELECT (s.minute - :since) / 3600000000 AS hour, sum(s.count) AS count
          FROM taskflow_error_stat AS s
          WHERE s.tenant_id = :tenant_id AND s.fingerprint = c.fingerprint AND s.minute >= :since
          GROUP BY 1)),
       (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome AS o WHERE o.fingerprint = c.fingerprint LIMIT :most_dead)),
       coalesce((SELECT o.job_id FROM taskflow_outcome AS o WHERE o.fingerprint = c.fingerprint ORDER BY o.job_id DESC LIMIT 1),
                c.job_id),
       (SELECT r.name FROM taskflow_release AS r
        WHERE r.id = g.first_release AND NOT EXISTS (SELECT 1 FROM taskflow_release AS o WHERE o.first_at > r.first_at)),
       (SELECT r.name FROM taskflow_release AS r WHERE r.id = g.resolved_release)
FROM chosen AS c
CROSS JOIN taskflow_error_group AS g ON g.tenant_id = :tenant_id AND g.fingerprint = c.fingerprint
CROSS JOIN taskflow_task AS k ON k.id = g.task_id
ORDER BY c.value DESC, c.fingerprint DESC
