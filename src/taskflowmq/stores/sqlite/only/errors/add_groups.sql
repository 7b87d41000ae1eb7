-- Makes the groups of failures that are new; those of tasks that the store does not have are left out. :rows is
-- [[tenant, task, fingerprint, type, message, count, first, last], ...], with times in microseconds, :ids their newest jobs,
-- :worker whose release they are of.
INSERT INTO taskflow_error_group (tenant_id, fingerprint, task_id, type, message, first_at, last_at, job_id, first_release)
SELECT t.id, json_extract(x.value, '$[2]'), k.id, json_extract(x.value, '$[3]'), json_extract(x.value, '$[4]'),
       json_extract(x.value, '$[6]'), json_extract(x.value, '$[7]'), substr(:ids, 16 * x.key + 1, 16),
       (SELECT w.release_id FROM taskflow_worker AS w WHERE w.id = :worker)
FROM json_each(:rows) AS x
CROSS JOIN taskflow_tenant AS t ON t.name = json_extract(x.value, '$[0]')
CROSS JOIN taskflow_task AS k ON k.tenant_id = t.id AND k.name = json_extract(x.value, '$[1]')
WHERE true
ON CONFLICT (tenant_id, fingerprint) DO NOTHING
