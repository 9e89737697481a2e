"""The API of the tests starts although ports are taken."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.support import github

if TYPE_CHECKING:
    import pytest


def test_a_port_that_was_taken_meanwhile_is_left_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    pick = github._free_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([int(taken.getsockname()[1]), pick()])
        monkeypatch.setattr(github, "_free_port", lambda: next(ports))
        with github.running_github() as running:
            assert running.upstream != taken.getsockname()[1]
            assert running.call("GET", "/users")
