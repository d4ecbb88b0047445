"""The schema's history. Run by `bot.store` when a database is opened, never by hand."""
