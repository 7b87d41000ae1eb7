-- Reads the figures of a tenant by node, in the form of read_figures; what has not been joined yet belongs to its worker's host.
-- $1 is the tenant, $2 and $3 the time, $4 the seconds of a step, $5 the only nodes, if any.
SELECT '[' || string_agg('[' || y.step || ',' || to_json(y.name)::text || ',' || y.span || ',[' || y.figures || ']]', ',') || ']'
FROM (
  SELECT floor(extract(epoch FROM x.minute - $2::timestamptz) / $4::integer)::integer AS step, x.name, max(x.span) AS span,
         string_agg(x.counts, ',') AS figures
  FROM (
    SELECT s.minute, s.node AS name, s.span, s.counts::text AS counts
    FROM taskflow.node_stat s
    WHERE s.span = ANY('{60,3600}') AND s.minute >= $2::timestamptz AND s.minute < $3::timestamptz AND s.tenant_id = $1::integer
    UNION ALL
    SELECT s.minute, coalesce(w.host, p.host), s.span, s.counts::text
    FROM taskflow.stat s
    JOIN taskflow.queue q ON q.id = s.queue_id
    LEFT JOIN taskflow.worker w ON w.id = s.writer
    LEFT JOIN taskflow.past_worker p ON p.id = s.writer
    WHERE s.span = 0 AND s.minute >= $2::timestamptz AND s.minute < $3::timestamptz AND q.tenant_id = $1::integer
  ) x
  WHERE x.name IS NOT NULL AND ($5::text[] IS NULL OR x.name = ANY($5::text[]))
  GROUP BY 1, x.name
) y
