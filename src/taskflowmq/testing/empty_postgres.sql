-- Empties a database for the next test, which is much cheaper than creating one. The first run, before any test,
-- remembers what there is: later ones drop what tests have made in schema public since then, and refuse a database of
-- which a test has changed anything else (a table, a column, a function, a right, a setting: the system catalogs hold a
-- new version of a row for each), so that the caller replaces it.
SET LOCAL search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET client_min_messages = warning;
DO $$
DECLARE
  one record;
  shape text;
  first_shape text := split_part(obj_description('taskflow'::regnamespace, 'pg_namespace'), ' ', 1);
  last_oid text := split_part(obj_description('taskflow'::regnamespace, 'pg_namespace'), ' ', 2);
BEGIN
  FOR one IN
    SELECT k.kind, c.oid::regclass::text AS name
      FROM pg_class AS c JOIN (VALUES ('r', 'TABLE'), ('p', 'TABLE'), ('v', 'VIEW'), ('S', 'SEQUENCE')) AS k (relkind, kind)
        ON c.relkind::text = k.relkind
      WHERE c.relnamespace = 'public'::regnamespace AND c.oid > last_oid::oid
    UNION ALL SELECT 'ROUTINE', oid::regprocedure::text FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace AND oid > last_oid::oid
  LOOP
    EXECUTE format('DROP %s IF EXISTS %s CASCADE', one.kind, one.name);
  END LOOP;
  SELECT md5(string_agg(line, ',' ORDER BY line COLLATE "C")) INTO shape FROM (
    SELECT format('relation %s %s', oid, xmin) FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT format('column %s.%s %s', attrelid, attnum, xmin) FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT format('trigger %s %s', oid, xmin) FROM pg_trigger
    UNION ALL SELECT format('function %s %s', oid, xmin) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT format('schema %s %s', oid, xmin) FROM pg_namespace WHERE NOT starts_with(nspname, 'pg_')
    UNION ALL SELECT format('setting %s %s', s.setrole, s.xmin)
      FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase WHERE d.datname = current_database()
    UNION ALL SELECT format('store %s', store) FROM taskflow.store
  ) AS found (line);
  IF first_shape IS NULL THEN
    SELECT max(oid)::text INTO last_oid FROM (SELECT oid FROM pg_class UNION ALL SELECT oid FROM pg_proc) AS known;
    EXECUTE format('COMMENT ON SCHEMA taskflow IS %L', format('%s %s', shape, last_oid));
  ELSIF first_shape <> shape THEN
    RAISE EXCEPTION 'a test has changed the shape of this database';
  END IF;
  FOR one IN
    SELECT oid::regclass AS name FROM pg_class
    WHERE relnamespace = 'taskflow'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'store'
  LOOP
    EXECUTE format('DELETE FROM %s', one.name);
  END LOOP;
  -- The first tenant of a store has the number 1. Setting a value leaves the catalogs as they are.
  PERFORM setval(pg_get_serial_sequence('taskflow.tenant', 'id'), 1, false);
END
$$;
