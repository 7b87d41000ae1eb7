-- The names of a list's filter by number, and how many ids a window reads: none where a name does not exist.
WITH
-- begin
names AS MATERIALIZED (
  SELECT (SELECT t.id FROM taskflow.tenant t WHERE t.name = $5::text) AS tenant_id,
         (SELECT k.id FROM taskflow.task k JOIN taskflow.tenant t ON t.id = k.tenant_id WHERE t.name = $5::text AND k.name = $7::text) AS task_id,
         ARRAY(SELECT l.id FROM taskflow.tenant t JOIN taskflow.queue u ON u.tenant_id = t.id JOIN taskflow.lane l ON l.queue_id = u.id
               WHERE t.name = $5::text AND u.name = $6::text) AS lanes
),
size AS MATERIALIZED (
  SELECT CASE WHEN tenant_id IS NOT NULL AND ($6::text IS NULL OR cardinality(lanes) > 0)
                   AND ($7::text IS NULL OR task_id IS NOT NULL) THEN $3::integer ELSE 0 END AS most
  FROM names
)
-- end
SELECT tenant_id, task_id, lanes, most, $1::text[], $2::uuid, $4::uuid FROM names, size
