-- The holders of the unique keys of a request: [[index, job id in hex], ...].
SELECT json_group_array(json_array(x.key, hex(u.job_id)))
FROM json_each(:keys) AS x
JOIN taskflow_unique_lock AS u
  ON u.tenant_id = json_extract(x.value, '$[0]') AND u.key = json_extract(x.value, '$[1]')
