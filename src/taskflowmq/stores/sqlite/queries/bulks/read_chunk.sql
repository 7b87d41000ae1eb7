-- Reads the ids of a chunk.
SELECT ids FROM taskflow_bulk_chunk WHERE bulk_id = :id AND no = :no
