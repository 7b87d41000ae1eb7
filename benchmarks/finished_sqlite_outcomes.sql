-- Stores how one finished job ended: id, its time in microseconds, its state.
INSERT INTO taskflow_outcome (job_id, state, reason, finished_at, round, attempt, crashes, losses, lease_no)
VALUES (:id, :state, CASE :state WHEN 'dead' THEN 'attempts_exhausted' WHEN 'cancelled' THEN 'cancelled_by_user' END, :at, 1, 1, 0, 0, 1)
