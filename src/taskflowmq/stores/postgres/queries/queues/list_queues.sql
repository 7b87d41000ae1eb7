-- Lists every queue of a tenant by name with the age of its oldest ready job, in seconds, and whether it was used within $2
-- or is kept for another reason than live jobs. Without a tenant ($3) it lists those of all.
WITH n AS MATERIALIZED (
  SELECT coalesce($1::timestamptz, clock_timestamp()) AS at
)
SELECT q.id, t.name AS tenant, q.name, q.paused_at, (q.settings -> 'pause')::text AS pause,
       greatest(extract(epoch FROM (SELECT at FROM n) - min(f.ready_at))::float8,
                CASE WHEN min(f.ready_at) IS NOT NULL THEN 0 END) AS oldest_ready_age,
       (q.settings -> 'retention')::text AS retention,
       q.used_at >= (SELECT at FROM n) - $2::interval OR q.paused_at IS NOT NULL
         OR coalesce((q.settings -> 'retention')::text, '{}') <> '{}' AS used
FROM taskflow.queue q
JOIN taskflow.tenant t ON t.id = q.tenant_id
LEFT JOIN taskflow.lane l ON l.queue_id = q.id
LEFT JOIN LATERAL (
  SELECT r.ready_at FROM taskflow.ready r WHERE r.lane_id = l.id ORDER BY r.seq LIMIT 1) f ON true
WHERE q.tenant_id = $3::integer OR $3::integer IS NULL
GROUP BY q.id, t.id
ORDER BY q.name, t.name
