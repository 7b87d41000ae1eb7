"""``taskflow demo``: a shop that does not exist, with work in every state and a day of history."""
