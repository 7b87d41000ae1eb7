-- Reads a view, with whose it is.
SELECT v.id, v.content, v.created_at, v.changed_at, v.scope
FROM taskflow_saved_view AS v
WHERE v.tenant = :tenant AND v.id = :id
