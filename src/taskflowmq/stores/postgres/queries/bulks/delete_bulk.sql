-- Deletes a bulk operation that has no chunks left.
DELETE FROM taskflow.bulk b WHERE b.id = $1::uuid AND NOT EXISTS (SELECT FROM taskflow.bulk_chunk c WHERE c.bulk_id = b.id)
