"""An index of the records of branches beside the default one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ASIDE = sa.text("pull = 0 AND trunk IS FALSE")


def upgrade() -> None:
    op.create_index(
        op.f("ix_records_image_id_ref_time"),
        "records",
        ["image_id", "ref", "time"],
        sqlite_where=_ASIDE,
        postgresql_where=_ASIDE,
    )
