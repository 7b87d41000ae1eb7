-- Lists the views of a tenant that are shared or of one owner, or all of them, oldest first.
SELECT v.id, v.content::text AS content, v.created_at, v.changed_at
FROM taskflow.saved_view v
WHERE v.tenant = $1::text AND ($2::text[] IS NULL OR v.scope = ANY($2::text[]))
ORDER BY v.id
