"""Names of repositories in any case; the files of layers; jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _merge_spellings()
    with op.batch_alter_table("repositories", schema=None) as batch_op:
        batch_op.drop_constraint("uq_repositories_name", type_="unique")
        batch_op.create_index(batch_op.f("ix_repositories_name"), ["name"], unique=False)
    op.create_index("uq_repositories_name_folded", "repositories", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "layer_files",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("repository_id", _KEY, nullable=False),
        sa.Column("diff_id", sa.String(length=64), nullable=False),
        sa.Column("pull", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name=op.f("fk_layer_files_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer_files")),
        sa.UniqueConstraint("repository_id", "diff_id", "pull", name=op.f("uq_layer_files_repository_id_diff_id_pull")),
    )
    with op.batch_alter_table("layer_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_layer_files_digest"), ["digest"], unique=False)
        batch_op.create_index(batch_op.f("ix_layer_files_used"), ["used"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("parent_id", _KEY, nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.String(length=1000), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=True),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("beat", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["jobs.id"], name=op.f("fk_jobs_parent_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("name", name=op.f("uq_jobs_name")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_state_beat"), ["state", "beat"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_parent_id_state"), ["parent_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_kind_created"), ["kind", "created"], unique=False)
    _make_queue()


def _make_queue() -> None:
    """Procrastinate's own tables and functions, as its version has them that is locked here."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        from procrastinate.schema import SchemaManager

        bind.execution_options(no_parameters=True).exec_driver_sql(SchemaManager.get_schema())


def _merge_spellings() -> None:
    """Of rows that differ in case only, the later ones are given names of their own, which cannot come again."""
    op.execute(
        "UPDATE repositories SET name = substr(name, 1, 170) || '@' || id WHERE EXISTS (SELECT 1 FROM repositories"
        " AS other WHERE lower(other.name) = lower(repositories.name) AND other.id < repositories.id)"
    )
