-- Stores progress of running jobs whose fence still fits.
UPDATE taskflow_running SET progress = :progress WHERE job_id = :job_id AND lease_no = :lease_no
