-- Deletes chunks of a bulk operation, the first ones, up to a limit.
DELETE FROM taskflow.bulk_chunk
WHERE bulk_id = $1::uuid
  AND no IN (SELECT c.no FROM taskflow.bulk_chunk c WHERE c.bulk_id = $1::uuid ORDER BY c.no LIMIT $2::integer)
RETURNING no
