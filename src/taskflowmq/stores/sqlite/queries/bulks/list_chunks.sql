-- Lists chunks of a bulk operation, from one on.
SELECT no, ids, answers FROM taskflow_bulk_chunk WHERE bulk_id = :id AND no >= :first ORDER BY no LIMIT :limit
