-- End workers whose lease is over by the store's clock.
UPDATE taskflow_worker SET ended_at = :now
WHERE id IN (SELECT id FROM taskflow_worker WHERE ended_at IS NULL AND lease_until <= :now ORDER BY id LIMIT :limit)
RETURNING id
