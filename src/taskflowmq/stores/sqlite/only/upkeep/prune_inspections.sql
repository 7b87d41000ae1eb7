-- Deletes requests for stacks and profiles that are older than an hour.
DELETE FROM taskflow_inspection WHERE asked_at <= :inspected_since
