-- Deletes the figures that are to be joined into rows of $1 seconds, those below $2 and of the first $3 seconds that hold any,
-- together with rows joined before, and returns them by queue, task and span: their start and [figures, ...]; and once more by
-- tenant and node, for workers whose host is known, as rows that count none.
-- $4 is the spans of rows that are not joined yet.
WITH due AS MATERIALIZED (
  SELECT to_timestamp(floor(extract(epoch FROM min(f.minute)) / $1::integer) * $1::integer) AS since
  FROM unnest($4::integer[]) AS x (span)
  CROSS JOIN LATERAL (
    SELECT s.minute FROM taskflow.stat s WHERE s.span = x.span AND s.minute < $2::timestamptz ORDER BY s.minute LIMIT 1) f
),
gone AS (
  DELETE FROM taskflow.stat s USING due
  WHERE s.span = ANY($4::integer[] || $1::integer) AND s.minute >= due.since
    AND s.minute < least(due.since + $3::integer * interval '1 second', $2::timestamptz)
  RETURNING s.minute, s.span, s.writer, s.queue_id, s.task_id, s.counts
),
gone_nodes AS (
  DELETE FROM taskflow.node_stat s USING due
  WHERE s.span = ANY($4::integer[] || $1::integer) AND s.minute >= due.since
    AND s.minute < least(due.since + $3::integer * interval '1 second', $2::timestamptz)
  RETURNING s.minute, s.tenant_id, s.node, s.counts
),
of_nodes AS (
  SELECT minute, tenant_id, node, counts FROM gone_nodes
  UNION ALL
  SELECT g.minute, q.tenant_id, coalesce(w.host, p.host), g.counts
  FROM gone g
  JOIN taskflow.queue q ON q.id = g.queue_id
  LEFT JOIN taskflow.worker w ON w.id = g.writer
  LEFT JOIN taskflow.past_worker p ON p.id = g.writer
  WHERE g.span = 0
)
SELECT to_timestamp(floor(extract(epoch FROM minute) / $1::integer) * $1::integer) AS at, queue_id, task_id,
       NULL::integer AS tenant_id, NULL::text AS node, '[' || string_agg(counts::text, ',') || ']' AS figures, count(*) AS rows
FROM gone
GROUP BY 1, 2, 3
UNION ALL
SELECT to_timestamp(floor(extract(epoch FROM minute) / $1::integer) * $1::integer), NULL, NULL, tenant_id, node,
       '[' || string_agg(counts::text, ',') || ']', 0
FROM of_nodes WHERE node IS NOT NULL
GROUP BY 1, 4, 5
