-- Whether an ended job "o" is one that a list asks for, by the worker of its last attempt and by when it ended.
SELECT o.job_id FROM taskflow_outcome AS o
WHERE true
-- begin
AND (:worker IS NULL OR o.worker_id = :worker)
AND (:finished_after IS NULL OR o.finished_at >= :finished_after) AND (:finished_before IS NULL OR o.finished_at < :finished_before)
-- end
