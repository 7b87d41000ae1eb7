-- Deletes stored lines in the middle of an attempt, which make room for its later ones.
DELETE FROM taskflow_job_log WHERE job_id = :job_id AND lease_no = :lease_no AND seq > :keep_to AND seq < :keep_from
