-- Reads how many jobs of a tenant ($1) were ready at the start of minutes ($2), by what $3 says, limited to the names in $4.
-- A minute that was counted has a row of its own, without jobs ("counted").
SELECT b.minute, CASE $3::text WHEN 'queue' THEN q.name WHEN 'task' THEN k.name END AS name, sum(b.ready)::bigint AS ready,
       bool_or(b.queue_id = 0) AS counted
FROM taskflow.backlog b
LEFT JOIN taskflow.queue q ON q.id = b.queue_id
LEFT JOIN taskflow.task k ON k.id = b.task_id
WHERE b.minute = ANY($2::timestamptz[])
  AND (b.queue_id = 0 OR (q.tenant_id = $1::integer
       AND ($4::text[] IS NULL OR CASE $3::text WHEN 'queue' THEN q.name WHEN 'task' THEN k.name END = ANY($4::text[]))))
GROUP BY b.minute, b.queue_id = 0, 2
