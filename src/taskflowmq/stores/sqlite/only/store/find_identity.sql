-- Whether the store has an id: one of schema 1 has none.
SELECT 1 FROM pragma_table_info('taskflow_store') WHERE name = 'identity'
