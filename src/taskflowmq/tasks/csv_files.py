"""`csv-export`: rows, or a named query, into a CSV file (RFC 4180, UTF-8).

What must stay true:

- No text cell starts with what a spreadsheet takes for a formula (OWASP "CSV injection"): such cells get a
  leading apostrophe, also when spaces or invisible characters come first. Column names are treated alike.
  Where a spreadsheet separates columns by semicolon, TAB or bar, our commas and quotes are text to it, and a text of
  ours may be cut in two: what would then start a cell gets an apostrophe, too.
- Texts are always quoted; numbers stay bare numbers, so a negative one is still a number.
- The file appears complete or not at all, and memory does not grow with the number of rows of a query.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from taskflowmq.core.csv_cells import cell
from taskflowmq.tasks.csv_sources import read_source
from taskflowmq.tasks.errors import InvalidInput, PermanentFailure
from taskflowmq.tasks.files import FilesDir
from taskflowmq.tasks.settings import TaskSettings

OUTPUT_FOLDER = "exports"


def csv_export(
    filename: str,
    rows: list[dict[str, Any] | list[Any]] | None = None,
    source: str | None = None,
    columns: list[str] | None = None,
) -> dict[str, Any]:
    """Write a CSV file.

    Args:
        filename: its name below TASKFLOW_FILES_DIR/exports, ending in .csv; an older file is replaced.
        rows: the rows, all objects or all lists; or
        source: the name of a query that the operator configured (TASKFLOW_CSV_SOURCES).
        columns: for objects and sources, which columns and in what order (all if None); for lists, the
            heading.

    Returns:
        {"path": the name below TASKFLOW_FILES_DIR, "rows": how many without the heading, "bytes": size of the
        file}

    Raises:
        InvalidInput: an argument cannot be used.
        PermanentFailure: more rows than TASKFLOW_CSV_MAX_ROWS.
        SettingsError: TASKFLOW_FILES_DIR or the source is not configured.
        sqlite3.Error, asyncpg.PostgresError, OSError, TimeoutError: it did not work this time.
    """
    if (rows is None) == (source is None):
        raise InvalidInput("Give either rows or source: exactly one of them.")
    if not filename.lower().endswith(".csv"):
        raise InvalidInput(f"filename must end in .csv, not {filename!r}.")
    _check_columns(columns)
    settings = TaskSettings.from_env()
    path = f"{OUTPUT_FOLDER}/{filename}"
    with FilesDir(settings.require_files_dir()).replace(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=False)
        table = CsvTable(text, columns, settings.csv_max_rows)
        if rows is not None:
            _write_rows(table, rows, columns)
        elif source is not None:
            read_source(settings.require_source(source), table)
        text.flush()
        size = file.tell()
        text.detach()  # the file is not ours to close
    return {"path": path, "rows": table.count, "bytes": size}


class CsvTable:
    """Writes one table: the heading, then rows, up to a limit. It is a `csv_sources.RowSink`."""

    def __init__(self, text: io.TextIOBase, selected: Sequence[str] | None, max_rows: int) -> None:
        """Write to `text`, only the selected columns (all if None), and refuse more than `max_rows` rows."""
        self.count = 0
        self._writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
        self._selected = selected
        self._max_rows = max_rows
        self._order: list[int] = []

    def begin(self, columns: Sequence[str]) -> None:
        """Write the heading; raise InvalidInput if a selected column is not among these."""
        selected = columns if self._selected is None else self._selected
        missing = [name for name in selected if name not in columns]
        if missing:
            raise InvalidInput(f"columns: {missing[0]!r} is not a column of the rows. They have: {', '.join(columns)}.")
        self._order = [columns.index(name) for name in selected] if self._selected else list(range(len(columns)))
        self._writer.writerow([cell(name) for name in selected])

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Write some rows, values in the order of `begin`; raise PermanentFailure above the limit."""
        for row in rows:
            self.count += 1
            if self.count > self._max_rows:
                raise PermanentFailure(
                    f"The export has more than {self._max_rows} rows, so nothing was written. "
                    "Select fewer rows, or let the operator raise TASKFLOW_CSV_MAX_ROWS."
                )
            self._writer.writerow([cell(row[index]) for index in self._order])

    def add_plain(self, row: Sequence[object]) -> None:
        """Write one row of a table that has no heading."""
        self._order = list(range(len(row)))
        self.add([row])


def _check_columns(columns: list[str] | None) -> None:
    if columns is None:
        return
    if not columns:
        raise InvalidInput("columns must be a list of one or more names.")
    if len(set(columns)) != len(columns):
        raise InvalidInput("columns names a column twice. Name each once.")


def _write_rows(table: CsvTable, rows: list[dict[str, Any] | list[Any]], columns: list[str] | None) -> None:
    for number, row in enumerate(rows):
        if isinstance(row, dict) != isinstance(rows[0], dict):
            raise InvalidInput(f"rows[{number}] differs in kind: all rows must be objects, or all must be lists.")
    objects = [row for row in rows if isinstance(row, dict)]
    if objects:
        # The union of all keys in order of appearance: rows may leave out what they do not have.
        keys = list(dict.fromkeys(key for row in objects for key in row))
        table.begin(keys)
        table.add([row.get(key) for key in keys] for row in objects)
    else:
        _write_lists(table, [row for row in rows if isinstance(row, list)], columns)


def _write_lists(table: CsvTable, rows: list[list[Any]], heading: list[str] | None) -> None:
    for number, row in enumerate(rows):
        if heading and len(row) != len(heading):
            raise InvalidInput(f"rows[{number}] has {len(row)} values, but columns names {len(heading)}.")
    if heading:
        table.begin(heading)
        table.add(rows)
    else:
        for row in rows:
            table.add_plain(row)
