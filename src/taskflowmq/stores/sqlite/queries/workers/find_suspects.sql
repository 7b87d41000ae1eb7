-- Whether ready jobs wait that must run alone.
SELECT EXISTS (SELECT 1 FROM taskflow_ready INDEXED BY taskflow_ready_suspect WHERE crashes > 0)
