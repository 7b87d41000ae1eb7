-- Makes new jobs ready at once that differ only in id and arguments.
-- include: arrive
SELECT :lane_id, :first + key, substr(:ids, 16 * key + 1, 16), :task_id, :now, :expires_at, 1, 0, 0, 0, 0, :flags
FROM json_each(:rows)
