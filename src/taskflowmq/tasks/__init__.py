"""The built-in tasks: useful work that needs no code of the user's own.

| task | module | function |
|---|---|---|
| `test(message="", seconds=2.0)` | `demo` | waits, then returns what it was given |
| `failing-job(message="")` | `demo` | always fails, to watch retries and dead letters |
| `email(to, subject, body, html=None)` | `mail` | sends one mail by SMTP |
| `image-resize(source, width, height=None, format=None)` | `images` | makes a picture smaller |
| `csv-export(filename, rows=None, source=None, columns=None)` | `csv_files` | rows or a named query to CSV |
| `http(url, method="GET", headers=None, body=None)` | `http_calls` | calls an endpoint |

What must stay true, because their arguments come from all who may enqueue:

- A path from a job reaches the system only through `files.FilesDir`; nothing is read or written outside it.
- A URL from a job reaches the network only through `net.SafeHttpClient`, and never a private address unless
  the operator allowed it.
- What the operator decides (servers, passwords, queries, limits) comes from `settings`, never from a job.
- Types of arguments are checked against these signatures before a job is stored; values are checked here.
- Whatever cannot succeed at a second try raises a `PermanentFailure` (see `errors`); the rest may be retried.
- No message of an error holds a password, a query string, a header or a body.

The functions are plain; `registry` is the place that makes tasks of them.
"""
