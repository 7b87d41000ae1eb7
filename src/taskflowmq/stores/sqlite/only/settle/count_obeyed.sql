-- Counts jobs that a settle cancelled, although they were to run again, in the history of the present minute: :rows says where
-- each was to go, which its worker has counted.
INSERT INTO taskflow_stat (minute, writer, queue_id, task_id, counts)
SELECT :minute, r.worker_id, l.queue_id, j.task_id,
       json_object('cancelled', count(*), 'retried', -sum(x.value = 'retrying'), 'returned', -sum(x.value = 'pending'))
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_lane AS l ON l.id = j.lane_id
CROSS JOIN taskflow_running AS r ON r.job_id = j.id
GROUP BY r.worker_id, l.queue_id, j.task_id
