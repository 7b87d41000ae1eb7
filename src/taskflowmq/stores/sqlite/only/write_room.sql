-- Zeros, more than the page cache holds, so that they spill into the log; rolled back, they are never seen.
INSERT INTO taskflow_stat (minute, writer, queue_id, task_id, counts) VALUES (0, zeroblob(:bytes), 0, 0, '{}')
