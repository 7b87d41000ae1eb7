-- Ids of a request that are stored already, each with whether it is the same call: [[index, same], ...].
-- A bare id (deleted by hand) has lost its arguments: only the tenant can differ.
SELECT json_group_array(json_array(x.key,
         j.tenant_id = json_extract(x.value, '$[1]')
         AND (j.deleted_at IS NOT NULL
              OR (j.task_id = json_extract(x.value, '$[3]') AND j.args = json_extract(x.value, '$[0]')))))
FROM json_each(:rows) AS x
JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
