-- Appends failures by kind, of those whose group exists; :rows, :ids and :worker as for add_groups.
INSERT INTO taskflow_error_stat (span, minute, tenant_id, fingerprint, count, last_at, job_id, release_id)
SELECT 0, json_extract(x.value, '$[7]') / 60000000 * 60000000, g.tenant_id, g.fingerprint, json_extract(x.value, '$[5]'),
       json_extract(x.value, '$[7]'), substr(:ids, 16 * x.key + 1, 16),
       (SELECT w.release_id FROM taskflow_worker AS w WHERE w.id = :worker)
FROM json_each(:rows) AS x
CROSS JOIN taskflow_tenant AS t ON t.name = json_extract(x.value, '$[0]')
CROSS JOIN taskflow_error_group AS g ON g.tenant_id = t.id AND g.fingerprint = json_extract(x.value, '$[2]')
