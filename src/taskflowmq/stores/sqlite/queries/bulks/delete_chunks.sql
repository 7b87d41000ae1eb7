-- Deletes chunks of a bulk operation, the first ones, up to a limit.
DELETE FROM taskflow_bulk_chunk
WHERE bulk_id = :id AND no IN (SELECT c.no FROM taskflow_bulk_chunk AS c WHERE c.bulk_id = :id ORDER BY c.no LIMIT :limit)
RETURNING no
