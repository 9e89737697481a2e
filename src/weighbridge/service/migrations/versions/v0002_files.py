"""Names of repositories in any case; the files of layers."""

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


def _merge_spellings() -> None:
    """Of rows that differ in case only, the later ones are given names of their own, which cannot come again."""
    op.execute(
        "UPDATE repositories SET name = substr(name, 1, 170) || '@' || id WHERE EXISTS (SELECT 1 FROM repositories"
        " AS other WHERE lower(other.name) = lower(repositories.name) AND other.id < repositories.id)"
    )
