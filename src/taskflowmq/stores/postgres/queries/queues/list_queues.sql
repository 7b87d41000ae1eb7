-- Lists every queue by name with the age of its oldest ready job, in seconds, and whether it was used within $2 or is kept
-- for another reason than live jobs.
WITH n AS MATERIALIZED (
  SELECT coalesce($1::timestamptz, clock_timestamp()) AS at
)
SELECT q.name, q.paused_at,
       greatest(extract(epoch FROM (SELECT at FROM n) - min(f.ready_at))::float8,
                CASE WHEN min(f.ready_at) IS NOT NULL THEN 0 END) AS oldest_ready_age,
       (q.settings -> 'retention')::text AS retention,
       q.used_at >= (SELECT at FROM n) - $2::interval OR q.paused_at IS NOT NULL
         OR coalesce((q.settings -> 'retention')::text, '{}') <> '{}' AS used
FROM taskflow.queue q
LEFT JOIN taskflow.lane l ON l.queue_id = q.id
LEFT JOIN LATERAL (
  SELECT r.ready_at FROM taskflow.ready r WHERE r.lane_id = l.id ORDER BY r.seq LIMIT 1) f ON true
GROUP BY q.id
ORDER BY q.name
