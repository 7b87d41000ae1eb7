-- Stores how many jobs are ready by queue and task, and their sum, for a minute that has not been counted.
INSERT INTO taskflow_backlog (minute, queue_id, task_id, ready)
SELECT :minute, json_extract(x.value, '$[0]'), json_extract(x.value, '$[1]'), json_extract(x.value, '$[2]')
FROM json_each(:counted) AS x
WHERE NOT EXISTS (SELECT 1 FROM taskflow_backlog WHERE minute = :minute AND queue_id = 0)
