-- Where the jobs of a flush are now: [[index, lease_no, running, final state, cancel requested, attempt's end], ...].
SELECT json_group_array(json_array(x.key, coalesce(r.lease_no, o.lease_no, w.lease_no, y.lease_no),
                                   r.job_id IS NOT NULL, o.state, c.job_id IS NOT NULL, a.ended))
FROM json_each(:rows) AS x
LEFT JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_outcome AS o ON o.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_waiting AS w ON w.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_ready AS y ON y.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_cancel_request AS c ON c.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_attempt AS a ON a.job_id = substr(:ids, 16 * x.key + 1, 16)
                                AND a.lease_no = json_extract(x.value, '$[0]')
