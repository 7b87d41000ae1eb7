-- Take a turn of a duty if it is due. A time more than an interval ahead is a clock that went back: it must not stop
-- the duty.
INSERT INTO taskflow_duty (name, ran_at) VALUES (:name, :now)
ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at
WHERE taskflow_duty.ran_at IS NULL OR taskflow_duty.ran_at <= :now - 1000 * :interval_ms
   OR taskflow_duty.ran_at > :now + 1000 * :interval_ms
RETURNING name
