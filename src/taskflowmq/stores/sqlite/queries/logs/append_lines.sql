-- Stores lines of jobs that exist; one that is stored already stays as it is.
INSERT INTO taskflow_job_log (job_id, lease_no, seq, round, attempt, at, level, message, fields)
SELECT j.id, json_extract(x.value, '$[1]'), json_extract(x.value, '$[2]'), json_extract(x.value, '$[3]'), json_extract(x.value, '$[4]'),
       :now - json_extract(x.value, '$[5]'), json_extract(x.value, '$[6]'), json_extract(x.value, '$[7]'), json_extract(x.value, '$[8]')
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * json_extract(x.value, '$[0]') + 1, 16) AND j.deleted_at IS NULL
WHERE true
ON CONFLICT DO NOTHING
