"""Which paths other rules speak of, so that no byte is told twice under two names."""

from __future__ import annotations

import re

_CACHES = re.compile(
    r"^var/(?:lib/apt/lists|cache/(?:apt|apk|dnf|yum|libdnf5|zypp|tdnf))(?:/|$)|^etc/apk/cache(?:/|$)"
    r"|(?:^|/)\.cache/(?:pip|yarn|composer|go-build|uv|pypoetry)(?:/|$)|(?:^|/)\.npm(?:/|$)"
    r"|(?:^|/)\.local/share/pnpm/store(?:/|$)|(?:^|/)\.composer/cache(?:/|$)"
)


def claimed(path: str) -> bool:
    """Whether a path (no leading slash) belongs to a cache that has a rule of its own."""
    return _CACHES.search(path) is not None
