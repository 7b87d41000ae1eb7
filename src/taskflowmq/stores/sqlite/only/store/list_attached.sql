-- Triggers and indexes that the application has made on our tables, by name, and the statements that made them.
SELECT name, sql FROM sqlite_schema
WHERE type IN ('trigger', 'index') AND sql IS NOT NULL
  AND tbl_name LIKE 'taskflow\_%' ESCAPE '\' AND name NOT LIKE 'taskflow\_%' ESCAPE '\'
ORDER BY rowid
