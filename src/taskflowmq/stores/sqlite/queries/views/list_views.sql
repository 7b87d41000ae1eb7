-- Lists the views of a tenant that are shared or of one owner, or all of them, oldest first.
SELECT v.id, v.content, v.created_at, v.changed_at
FROM taskflow_saved_view AS v
WHERE v.tenant = :tenant AND (:scopes IS NULL OR v.scope IN (SELECT x.value FROM json_each(:scopes) AS x))
ORDER BY v.id
