-- Reads a view and locks it: it is about to change.
SELECT v.id, v.content::text AS content, v.created_at, v.changed_at, v.scope
FROM taskflow.saved_view v
WHERE v.tenant = $1::text AND v.id = $2::uuid
FOR UPDATE
