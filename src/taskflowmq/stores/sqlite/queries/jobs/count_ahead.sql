-- Counts the ready jobs of its queue that are claimed before a ready job, up to a limit; no row if it is not ready.
SELECT (SELECT count(*) FROM (
          SELECT 1 FROM taskflow_lane AS l
          CROSS JOIN taskflow_ready AS r
            ON r.lane_id = l.id AND r.seq < iif(l.id = o.lane_id, o.seq, 9223372036854775807)
          WHERE l.queue_id = m.queue_id AND (l.id = o.lane_id OR l.priority < m.priority)
          LIMIT :most))
FROM taskflow_ready AS o
CROSS JOIN taskflow_lane AS m ON m.id = o.lane_id
CROSS JOIN taskflow_queue AS q ON q.id = m.queue_id
CROSS JOIN taskflow_tenant AS t ON t.id = q.tenant_id AND t.name = :tenant
WHERE o.job_id = :job_id
