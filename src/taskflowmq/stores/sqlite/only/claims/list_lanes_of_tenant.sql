-- What a claim for one of several tenants needs before it reads rows; otherwise as list_lanes.
SELECT EXISTS (SELECT 1 FROM taskflow_worker WHERE id = :worker_id AND ended_at IS NULL),
       (SELECT next_seq FROM taskflow_store WHERE id = 1),
       (SELECT json_group_array(json_array(l.id, q.tenant_id, q.name, l.priority, l.share))
        FROM taskflow_queue AS q
        CROSS JOIN taskflow_lane AS l ON l.queue_id = q.id
        WHERE q.tenant_id = :tenant_id AND q.paused_at IS NULL
          AND EXISTS (SELECT 1 FROM taskflow_ready AS r WHERE r.lane_id = l.id))
