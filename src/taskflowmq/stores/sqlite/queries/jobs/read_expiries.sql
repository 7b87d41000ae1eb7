-- Reads when those of some jobs expire that do.
SELECT j.id, j.expires_at
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
WHERE j.expires_at IS NOT NULL
