-- Tells listeners that these queues of these tenants have ready jobs.
SELECT
-- include: wake
WHERE q.id = ANY(ARRAY(
  SELECT u.id FROM unnest($1::text[], $2::text[]) AS x (tenant, name)
  JOIN taskflow.tenant t ON t.name = x.tenant
  JOIN taskflow.queue u ON u.tenant_id = t.id AND u.name = x.name))
