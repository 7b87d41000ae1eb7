-- What is read of a bulk operation "b", in the order of bulk_view.
SELECT
-- begin
b.id, t.name, b.action, b.filter, b.reason, b.actor, b.rate, b.state, b.created_at, b.undo_until, b.started_at,
b.finished_at, b.total, b.collected, b.position, b.chunks, b.acted, b.next_at, b.counts, b.problem,
b.params
FROM taskflow_bulk AS b
CROSS JOIN taskflow_tenant AS t ON t.id = b.tenant_id
-- end
