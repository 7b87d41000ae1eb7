-- What the store holds of fences, in no order: [[index, cancel requested, [state, lease_no at the job's place, attempt's end]], ...].
SELECT json_group_array(json_array(
         x.key, c.job_id IS NOT NULL,
         json_array(CASE WHEN r.job_id IS NOT NULL THEN 'running' WHEN y.job_id IS NOT NULL THEN 'pending'
                         ELSE coalesce(o.state, w.why) END,
                    coalesce(r.lease_no, o.lease_no, w.lease_no, y.lease_no), a.ended)))
FROM json_each(:leases) AS x
LEFT JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_outcome AS o ON o.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_waiting AS w ON w.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_ready AS y ON y.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_cancel_request AS c ON c.job_id = substr(:ids, 16 * x.key + 1, 16)
LEFT JOIN taskflow_attempt AS a ON a.job_id = substr(:ids, 16 * x.key + 1, 16) AND a.lease_no = x.value
