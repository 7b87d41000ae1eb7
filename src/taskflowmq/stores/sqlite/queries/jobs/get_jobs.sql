-- Jobs as a reader sees them: those among the ids that exist in the tenant and pass the filters.
SELECT
-- include: view_columns
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
-- include: view_joins
WHERE t.name = :tenant AND j.deleted_at IS NULL
  AND (:queue IS NULL OR q.name = :queue) AND (:task IS NULL OR k.name = :task)
  AND (:created_after IS NULL OR j.created_at >= :created_after) AND (:created_before IS NULL OR j.created_at < :created_before)
  AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(j.tags) AS g WHERE g.value = :tag))
