-- The position that the next ready row will get.
SELECT next_seq FROM taskflow_store WHERE id = 1
