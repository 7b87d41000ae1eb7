-- What the store keeps of a job for its worker and its readers, in every list in which it stands: no statement reads it. A
-- new field comes into each part, in the order of ClaimedJob: what is plain, then what is JSON.
INSERT INTO taskflow_job (id, tenant_id, lane_id, task_id, created_at, run_at, args
  -- begin: columns
  , max_attempts, timeout_ms, args_version, meta, headers
  -- end
)
SELECT :id, :tenant_id, :lane_id, :task_id, :now, :now, '{}'
  -- begin: given
  , :max_attempts, :timeout_ms, :args_version, :meta, :headers
  -- end
UNION ALL
SELECT substr(:ids, 16 * key + 1, 16), :tenant_id, :lane_id, :task_id, :now, :now, '{}'
  -- begin: of_row
  , json_extract(value, '$[8]'), json_extract(value, '$[9]'), json_extract(value, '$[10]'), json_extract(value, '$[11]'),
  json_extract(value, '$[12]')
  -- end
FROM json_each(:rows)
WHERE true
ON CONFLICT (id) DO UPDATE SET args = '{}'
  -- begin: emptied
  , meta = NULL, headers = NULL
  -- end
