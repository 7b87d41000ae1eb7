-- Deletes a bulk operation that has no chunks left.
DELETE FROM taskflow_bulk
WHERE id = :id AND NOT EXISTS (SELECT 1 FROM taskflow_bulk_chunk AS c WHERE c.bulk_id = taskflow_bulk.id)
