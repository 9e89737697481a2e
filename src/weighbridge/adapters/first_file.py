"""The first file of a tar that may have been cut off."""

from __future__ import annotations

import io
import tarfile


def first_file(data: bytes, limit: int) -> bytes | None:
    """At most `limit` bytes of its content; None where the first entry is no regular file, or none is to be read."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            member = archive.next()
            if member is None or not member.isreg():
                return None
            return data[member.offset_data :][: min(member.size, limit)]
    except tarfile.TarError:
        return None
