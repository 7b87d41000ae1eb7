-- Adds failures that were not joined before to their groups: :rows as read_due_occurrences returns them, :ids their newest jobs.
UPDATE taskflow_error_group AS g
SET count = g.count + n.fresh, last_at = max(g.last_at, n.last_at), job_id = max(g.job_id, n.job_id)
FROM (SELECT json_extract(x.value, '$[1]') AS tenant_id, json_extract(x.value, '$[2]') AS fingerprint,
             sum(json_extract(x.value, '$[4]')) AS fresh, max(json_extract(x.value, '$[5]')) AS last_at,
             max(substr(:ids, 16 * x.key + 1, 16)) AS job_id
      FROM json_each(:rows) AS x WHERE json_extract(x.value, '$[4]') > 0 GROUP BY 1, 2) AS n
WHERE g.tenant_id = n.tenant_id AND g.fingerprint = n.fingerprint
