-- Store job rows. A known id refuses the whole statement; the caller then asks read_conflicts what to leave out.
INSERT INTO taskflow_job (id, tenant_id, lane_id, task_id, args_version, max_attempts, timeout_ms, created_at, run_at,
                          expires_at, args, unique_key, tags, meta, headers)
SELECT substr(:ids, 16 * key + 1, 16), json_extract(value, '$[0]'), json_extract(value, '$[1]'),
       json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]'),
       json_extract(value, '$[5]'), :now, json_extract(value, '$[6]'), json_extract(value, '$[7]'),
       json_extract(value, '$[8]'), json_extract(value, '$[9]'), json_extract(value, '$[10]'),
       json_extract(value, '$[11]'), json_extract(value, '$[12]')
FROM json_each(:rows)
