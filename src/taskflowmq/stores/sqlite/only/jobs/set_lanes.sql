-- Writes the lanes of jobs that are moved into their rows: :lanes has the number of one for each.
UPDATE taskflow_job SET lane_id = x.value
FROM json_each(:lanes) AS x
WHERE taskflow_job.id = substr(:ids, 16 * x.key + 1, 16)
