-- Whether the names of a filter exist, null meaning any: for a name that does not exist, no search is needed.
SELECT EXISTS (SELECT 1 FROM taskflow_tenant WHERE name = :tenant)
   AND (:queue IS NULL OR EXISTS (SELECT 1 FROM taskflow_queue WHERE name = :queue))
   AND (:task IS NULL OR EXISTS (SELECT 1 FROM taskflow_task WHERE name = :task))
