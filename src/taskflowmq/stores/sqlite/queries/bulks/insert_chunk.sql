-- Stores a chunk of the ids that a bulk operation acts on.
INSERT INTO taskflow_bulk_chunk (bulk_id, no, ids) VALUES (:id, :no, :ids)
