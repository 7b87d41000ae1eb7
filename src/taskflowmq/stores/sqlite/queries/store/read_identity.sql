-- Which store this is: a copy has the same id, another store never.
SELECT identity FROM taskflow_store WHERE id = 1
