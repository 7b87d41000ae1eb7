-- Ready jobs whose expires_at has passed, as ids in hex.
SELECT json_group_array(hex(job_id))
FROM (SELECT job_id FROM taskflow_ready WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)
