-- New jobs that differ only in id and arguments become ready at once.
INSERT INTO taskflow_ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses,
                            lease_no, flags)
SELECT :lane_id, :first + key, substr(:ids, 16 * key + 1, 16), :task_id, :now, :expires_at, 1, 0, 0, 0, 0, :flags
FROM json_each(:rows)
