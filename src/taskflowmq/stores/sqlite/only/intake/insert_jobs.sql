-- Stores job rows. A known id refuses the whole statement; the caller then reads with read_conflicts which jobs to
-- leave out.
INSERT INTO taskflow_job (id, created_at, args, tenant_id, lane_id, task_id, run_at, expires_at, unique_key, tags
-- include: job_fields.columns
)
SELECT substr(:ids, 16 * key + 1, 16), :now, json_extract(value, '$[0]'), json_extract(value, '$[1]'),
       json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]'),
       json_extract(value, '$[5]'), json_extract(value, '$[6]'), json_extract(value, '$[7]')
-- include: job_fields.of_row
FROM json_each(:rows)
