-- What a claim needs before it reads rows, in one step: whether the worker may claim (registered and not
-- ended), the position that the next ready row will get, and the lanes that hold ready jobs and may be claimed from, of
-- every tenant: [[id, tenant, queue, priority, share], ...].
SELECT EXISTS (SELECT 1 FROM taskflow_worker WHERE id = :worker_id AND ended_at IS NULL),
       (SELECT next_seq FROM taskflow_store WHERE id = 1),
       (SELECT json_group_array(json_array(l.id, q.tenant_id, q.name, l.priority, l.share))
        FROM taskflow_lane AS l
        JOIN taskflow_queue AS q ON q.id = l.queue_id
        WHERE q.paused_at IS NULL AND EXISTS (SELECT 1 FROM taskflow_ready AS r WHERE r.lane_id = l.id))
