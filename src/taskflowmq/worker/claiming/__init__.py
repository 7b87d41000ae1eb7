"""How jobs come here: claims, wake-ups, and claims whose answer was lost."""
