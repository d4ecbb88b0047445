"""What Alembic runs: on the connection, and inside of the transaction, that `bot.store.opening` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    transactional_ddl=True,  # SQLite too: our connections begin for themselves, so a half-done change rolls back whole
)
context.run_migrations()
