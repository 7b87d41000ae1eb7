-- Tells whether isolated jobs are ready in queues that are not paused, of these tenants ($1) and queues ($2); empty: of
-- all. LATERAL with OFFSET 0 leaves the planner no join to choose: isolated jobs are few, whatever else is ready.
SELECT EXISTS (
  SELECT FROM taskflow.ready r
  CROSS JOIN LATERAL (SELECT l.queue_id FROM taskflow.lane l WHERE l.id = r.lane_id OFFSET 0) l
  CROSS JOIN LATERAL (
    SELECT q.tenant_id, q.name FROM taskflow.queue q WHERE q.id = l.queue_id AND q.paused_at IS NULL OFFSET 0) q
  CROSS JOIN LATERAL (SELECT t.name FROM taskflow.tenant t WHERE t.id = q.tenant_id OFFSET 0) t
  WHERE r.crashes > 0 AND (cardinality($1::text[]) = 0 OR t.name = ANY($1::text[]))
    AND (cardinality($2::text[]) = 0 OR q.name = ANY($2::text[]))
) AS found
