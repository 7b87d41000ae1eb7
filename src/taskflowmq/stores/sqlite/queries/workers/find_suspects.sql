-- Whether isolated jobs are ready.
SELECT EXISTS (SELECT 1 FROM taskflow_ready INDEXED BY taskflow_ready_suspect WHERE crashes > 0)
