-- What is read of a bulk operation "b", in the order of rows.bulk_view.
SELECT
-- begin
b.id, t.name AS tenant, b.action, b.filter, b.reason, b.actor, b.rate, b.state, b.created_at, b.undo_until, b.started_at,
b.finished_at, b.total, b.collected, b.position, b.chunks, b.acted, b.next_at, b.counts, b.problem,
b.params
FROM taskflow.bulk b
JOIN taskflow.tenant t ON t.id = b.tenant_id
-- end
