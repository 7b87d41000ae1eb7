-- Counts jobs that were cancelled without a worker in the history of the present minute; :from_ready says how many were ready.
INSERT INTO taskflow_stat (minute, writer, queue_id, task_id, counts)
SELECT :minute, zeroblob(16), l.queue_id, j.task_id,
       json_object('cancelled', count(*), 'cancelled_ready', CASE WHEN :from_ready THEN count(*) ELSE 0 END)
FROM json_each(:rows) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_lane AS l ON l.id = j.lane_id
GROUP BY l.queue_id, j.task_id
