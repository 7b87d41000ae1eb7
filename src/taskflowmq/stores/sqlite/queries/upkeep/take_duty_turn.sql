-- Takes the turn of a duty if it is due: once per interval for the cluster.
-- A turn that lies more than an interval in the future (the clock went back) counts as over.
INSERT INTO taskflow_duty (name, ran_at, ran_by, ran_by_from) VALUES (:name, :now, :ran_by, :now)
ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, ran_by = excluded.ran_by, ran_by_from = excluded.ran_by_from
WHERE taskflow_duty.ran_at IS NULL OR taskflow_duty.ran_at <= :now - 1000 * :interval_ms
   OR taskflow_duty.ran_at > :now + 1000 * :interval_ms
RETURNING name
