-- Keeps a view, unless its id or its name is taken, or there are too many in its scope; returns its id if it did.
INSERT INTO taskflow_saved_view (id, tenant, scope, name, owner, content, created_at, changed_at)
SELECT :id, :tenant, :scope, :name, :owner, :content, :now, :now
WHERE (SELECT count(*) FROM taskflow_saved_view AS v WHERE v.tenant = :tenant AND v.scope = :scope) < :most
ON CONFLICT DO NOTHING
RETURNING id
