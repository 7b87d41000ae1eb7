-- Counts the ready jobs of its queue that are claimed before a ready job, up to a limit; no row if it is not ready.
SELECT (SELECT count(*) FROM (
          SELECT FROM taskflow.lane l
          CROSS JOIN LATERAL (
            SELECT FROM taskflow.ready r
            WHERE r.lane_id = l.id AND r.seq < CASE WHEN l.id = o.lane_id THEN o.seq ELSE 9223372036854775807 END
            LIMIT $3::bigint) r
          WHERE l.queue_id = m.queue_id AND (l.id = o.lane_id OR l.priority < m.priority)
          LIMIT $3::bigint) a) AS jobs
FROM taskflow.ready o
JOIN taskflow.lane m ON m.id = o.lane_id
JOIN taskflow.queue u ON u.id = m.queue_id
JOIN taskflow.tenant t ON t.id = u.tenant_id AND t.name = $1::text
WHERE o.job_id = $2::uuid
