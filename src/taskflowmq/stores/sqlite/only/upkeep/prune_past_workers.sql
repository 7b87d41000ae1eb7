-- Forgets where workers ran that ended before a time; null forgets none.
DELETE FROM taskflow_past_worker WHERE ended_at <= :past_since
