-- Settled jobs run no more, where the fence fits.
DELETE FROM taskflow_running
WHERE (job_id, lease_no) IN (SELECT substr(:ids, 16 * key + 1, 16), json_extract(value, '$[0]') FROM json_each(:rows))
