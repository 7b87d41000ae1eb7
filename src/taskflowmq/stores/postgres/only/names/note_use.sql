-- Stores that queues of a tenant ($4) are in use, once per $3. A row that another transaction changes meanwhile is
-- skipped, not waited for.
WITH n AS MATERIALIZED (
  SELECT coalesce($1::timestamptz, clock_timestamp()) AS at
),
old AS MATERIALIZED (
  SELECT q.id FROM taskflow.queue q
  WHERE q.tenant_id = $4::integer AND q.name = ANY($2::text[]) AND q.used_at < (SELECT at FROM n) - $3::interval
  FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE taskflow.queue q SET used_at = n.at FROM n WHERE q.id = ANY(ARRAY(SELECT id FROM old))
