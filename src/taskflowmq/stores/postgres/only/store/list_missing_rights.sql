-- Lists the rights on the schema's objects that this role lacks to run jobs and duties.
SELECT r.name || ' on ' || r.kind || ' taskflow.' || r.object AS missing
FROM (
  SELECT p.name, 'table' AS kind, c.relname AS object, has_table_privilege(c.oid, p.name) AS granted
  FROM pg_class c
  CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS p (name)
  WHERE c.relnamespace = to_regnamespace('taskflow') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND (c.relname <> 'store' OR p.name IN ('SELECT', 'UPDATE'))
  UNION ALL
  SELECT p.name, 'sequence', c.relname, has_sequence_privilege(c.oid, p.name)
  FROM pg_class c CROSS JOIN unnest('{USAGE,SELECT}'::text[]) AS p (name)
  WHERE c.relnamespace = to_regnamespace('taskflow') AND c.relname = 'ready_seq'
  UNION ALL
  SELECT 'EXECUTE', 'function', f.proname, has_function_privilege(f.oid, 'EXECUTE')
  FROM pg_proc f WHERE f.pronamespace = to_regnamespace('taskflow')
) r
WHERE NOT r.granted
ORDER BY missing
