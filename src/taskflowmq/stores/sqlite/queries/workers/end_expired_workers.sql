-- Ends workers whose lease is over by the clock of the store, and returns them.
-- With :within_ms, only if a rescuer's turn is at most that old and no grace is in force.
UPDATE taskflow_worker SET ended_at = :now
WHERE id IN (SELECT id FROM taskflow_worker WHERE ended_at IS NULL AND lease_until <= :now ORDER BY id LIMIT :limit)
  AND (:within_ms IS NULL OR (
    EXISTS (SELECT 1 FROM taskflow_duty
            WHERE name = 'rescuer' AND ran_at BETWEEN :now - 1000 * :within_ms AND :now + 1000 * :within_ms)
    AND NOT EXISTS (SELECT 1 FROM taskflow_duty WHERE name = 'grace' AND grace_until > :now)))
RETURNING id
