-- Puts a view back with another content, unless its name is taken; returns its id if it did.
INSERT INTO taskflow_saved_view (id, tenant, scope, name, owner, content, created_at, changed_at)
VALUES (:id, :tenant, :scope, :name, :owner, :content, :created_at, :now)
ON CONFLICT DO NOTHING
RETURNING id
