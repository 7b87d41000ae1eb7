-- Lists bulk operations that ended so long ago that they are deleted, oldest first.
SELECT b.id FROM taskflow_bulk AS b WHERE b.finished_at IS NOT NULL AND b.finished_at <= :now - 1000 * :kept_ms
ORDER BY b.finished_at LIMIT :limit
