-- Stores the row of one finished job: id, its time in microseconds, and 1 for one of the queue and the task 'seldom', if there
-- are such.
INSERT INTO taskflow_job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
VALUES (:id, 1,
        iif(:seldom, coalesce((SELECT l.id FROM taskflow_lane AS l JOIN taskflow_queue AS q ON q.id = l.queue_id
                               WHERE q.name = 'seldom'), 1), 1),
        iif(:seldom, coalesce((SELECT k.id FROM taskflow_task AS k WHERE k.name = 'seldom'), 1), 1), 3, :at, :at, '{}')
