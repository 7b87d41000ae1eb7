-- Reads the figures of a tenant ($1) from $2 to $3 as one JSON array: [[number of the step of $4 seconds, name,
-- longest span, [figures, ...]], ...]. They are grouped by what $5 says (queue, task, or nothing), and limited to the names in
-- $6, if any.
SELECT '[' || string_agg('[' || y.step || ',' || coalesce(to_json(y.name)::text, 'null') || ',' || y.span || ',[' || y.figures || ']]', ',') || ']'
FROM (
  SELECT x.step, x.name, max(x.span) AS span, string_agg(x.counts, ',') AS figures
  FROM (
    SELECT floor(extract(epoch FROM s.minute - $2::timestamptz) / $4::integer)::integer AS step,
           CASE $5::text WHEN 'queue' THEN q.name WHEN 'task' THEN k.name END AS name, s.span, s.counts::text AS counts
    FROM taskflow.stat s
    JOIN taskflow.queue q ON q.id = s.queue_id
    JOIN taskflow.task k ON k.id = s.task_id
    WHERE s.span = ANY('{0,60,3600}') AND s.minute >= $2::timestamptz AND s.minute < $3::timestamptz AND q.tenant_id = $1::integer
  ) x
  WHERE $6::text[] IS NULL OR x.name = ANY($6::text[])
  GROUP BY x.step, x.name
) y
