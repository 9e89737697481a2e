"""The files of layers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
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
