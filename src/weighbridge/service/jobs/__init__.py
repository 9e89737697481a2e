"""Work that takes long: asked for once, done at least once, seen while it is done, and cancellable.

The table of jobs says what there is to do and how far it is. Who does it is told by procrastinate on PostgreSQL, and
looked for by a thread on SQLite; what is done is the same (`jobs.tasks`).
"""
