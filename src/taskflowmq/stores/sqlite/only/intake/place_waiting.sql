-- Puts new jobs that are due later into waiting.
INSERT INTO taskflow_waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
SELECT substr(:ids, 16 * key + 1, 16), 'scheduled', json_extract(value, '$[2]'), 1, 0, 0, 0, 0,
       json_extract(value, '$[4]')
FROM json_each(:places)
WHERE json_extract(value, '$[2]') > :now
