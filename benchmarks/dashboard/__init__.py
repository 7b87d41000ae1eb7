"""What the dashboard costs and how soon it shows what happened, in a real browser beside a real server."""
