-- Adds rows of joined failures: :rows as read_due_occurrences returns them, :ids their newest jobs.
INSERT INTO taskflow_error_stat (span, minute, tenant_id, fingerprint, count, last_at, job_id, release_id)
SELECT :span, json_extract(x.value, '$[0]') * :step, json_extract(x.value, '$[1]'), json_extract(x.value, '$[2]'),
       json_extract(x.value, '$[3]'), json_extract(x.value, '$[5]'), substr(:ids, 16 * x.key + 1, 16),
       json_extract(x.value, '$[7]')
FROM json_each(:rows) AS x
