-- Reads the ids of a chunk.
SELECT ids FROM taskflow.bulk_chunk WHERE bulk_id = $1::uuid AND no = $2::integer
