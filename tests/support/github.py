"""The real, stateful GitHub API of `emulate` behind a checking proxy, on loopback.

As a process of its own: `python -m tests.support.github --port P --seed FILE --log FILE`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from tests.support.github_gaps import LabelEvents, comment_outside_the_diff, files_of_pull_request, pulls_of_commit
from tests.support.github_proxy import Proxy, StandIn
from tests.support.openapi import Description, Exchange
from tests.support.tools import emulate_command, openapi_description

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.support.git import WorkTree

BOT = "github-actions[bot]"
BOT_TOKEN = "token-of-the-bot"
OWNER = "octocat"
OWNER_TOKEN = "token-of-the-owner"
REPOSITORY = "octocat/yard"

SEED: dict[str, Any] = {
    "tokens": {BOT_TOKEN: {"login": BOT}, OWNER_TOKEN: {"login": OWNER}},
    "github": {
        "users": [{"login": BOT}, {"login": OWNER}],
        "repos": [{"owner": OWNER, "name": "yard"}],
    },
}
"""Two users with a token each, and a repository with one commit on `main`."""


@dataclass(frozen=True)
class GitHub:
    """The running API. Requests of these methods are the test's own: they pass the proxy by."""

    proxy: Proxy
    upstream: int

    @property
    def url(self) -> str:
        """What GITHUB_API_URL is set to."""
        return self.proxy.url

    def call(self, method: str, path: str, body: object = None, *, token: str = OWNER_TOKEN) -> Any:
        """Asks the API directly; decoded JSON. Raises HTTPError."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.upstream}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return json.loads(response.read() or b"null")

    def open_pull_request(
        self,
        head: str,
        *,
        base: str = "main",
        files: Mapping[str, str] | None = None,
        repository: str = REPOSITORY,
        token: str = OWNER_TOKEN,
    ) -> dict[str, Any]:
        """A pull request whose branch `head` has a commit of its own; the API's answer, with `number`, `head.sha`."""
        top = self.tip(base, repository=repository)
        sha = self.commit(top, files or {}, message=f"Work on {head}", repository=repository, token=token)
        self.call("POST", f"/repos/{repository}/git/refs", {"ref": f"refs/heads/{head}", "sha": sha}, token=token)
        pull = {"title": f"Add {head}", "head": head, "base": base}
        made: dict[str, Any] = self.call("POST", f"/repos/{repository}/pulls", pull, token=token)
        return made

    def tip(self, branch: str, *, repository: str = REPOSITORY) -> str:
        """The commit that a branch is at."""
        sha: str = self.call("GET", f"/repos/{repository}/git/ref/heads/{quote(branch)}")["object"]["sha"]
        return sha

    def commit(
        self,
        parent: str,
        files: Mapping[str, str],
        *,
        message: str = "Work",
        repository: str = REPOSITORY,
        token: str = OWNER_TOKEN,
    ) -> str:
        """A commit that writes files (path → text) over its parent's; nothing points at it yet."""
        tree = self.call("GET", f"/repos/{repository}/git/commits/{parent}", token=token)["tree"]["sha"]
        if files:
            entries = [
                {"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in files.items()
            ]
            body = {"base_tree": tree, "tree": entries}
            tree = self.call("POST", f"/repos/{repository}/git/trees", body, token=token)["sha"]
        commit = {"message": message, "tree": tree, "parents": [parent]}
        sha: str = self.call("POST", f"/repos/{repository}/git/commits", commit, token=token)["sha"]
        return sha

    def push(self, branch: str, files: Mapping[str, str], *, repository: str = REPOSITORY) -> str:
        """Somebody commits files to a branch; the commit."""
        sha = self.commit(self.tip(branch, repository=repository), files, repository=repository)
        path = f"/repos/{repository}/git/refs/heads/{quote(branch)}"
        self.call("PATCH", path, {"sha": sha})
        return sha

    def take(self, tree: WorkTree, *branches: str, repository: str = REPOSITORY) -> None:
        """Gives the API a local repository's branches, with the very commits: it has no `git push`."""
        for branch in branches:
            for commit in tree.git("rev-list", "--reverse", "--topo-order", branch).split():
                assert commit == self._take_commit(tree, commit, repository)
            tip = tree.git("rev-parse", branch)
            try:
                path = f"/repos/{repository}/git/refs/heads/{quote(branch)}"
                self.call("PATCH", path, {"sha": tip, "force": True})
            except HTTPError:
                self.call("POST", f"/repos/{repository}/git/refs", {"ref": f"refs/heads/{branch}", "sha": tip})

    def _take_commit(self, tree: WorkTree, commit: str, repository: str) -> str:
        entries = [
            {"path": path, "mode": mode, "type": "blob", "content": tree.git("cat-file", "blob", blob) + "\n"}
            for mode, _, blob, path in (
                line.split(maxsplit=3) for line in tree.git("ls-tree", "-r", commit).splitlines()
            )
        ]
        made = self.call("POST", f"/repos/{repository}/git/trees", {"tree": entries})["sha"]
        name, email, date = tree.git("show", "-s", "--format=%an%n%ae%n%aI", commit).split("\n")
        who = {"name": name, "email": email, "date": date}
        body = {
            "message": tree.git("show", "-s", "--format=%B", commit),
            "tree": made,
            "parents": tree.git("show", "-s", "--format=%P", commit).split(),
            "author": who,
            "committer": who,
        }
        sha: str = self.call("POST", f"/repos/{repository}/git/commits", body)["sha"]
        return sha

    def propose(self, head: str, *, base: str = "main", repository: str = REPOSITORY) -> dict[str, Any]:
        """A pull request from a branch that is there."""
        pull = {"title": f"Add {head}", "head": head, "base": base}
        made: dict[str, Any] = self.call("POST", f"/repos/{repository}/pulls", pull)
        return made

    def allow_writing(self, *, repository: str = REPOSITORY) -> None:
        """Gives the bot `contents: write`."""
        self.call("PUT", f"/repos/{repository}/collaborators/{quote(BOT)}", {"permission": "push"})

    def review_comments(self, number: int, *, repository: str = REPOSITORY) -> list[dict[str, Any]]:
        """All comments on lines of a pull request, oldest first."""
        found: list[dict[str, Any]] = self.call("GET", f"/repos/{repository}/pulls/{number}/comments?per_page=100")
        return found

    def comment(
        self, number: int, body: str, *, repository: str = REPOSITORY, token: str = OWNER_TOKEN
    ) -> dict[str, Any]:
        """Somebody's comment on a pull request."""
        made: dict[str, Any] = self.call(
            "POST", f"/repos/{repository}/issues/{number}/comments", {"body": body}, token=token
        )
        return made

    def comments(self, number: int, *, repository: str = REPOSITORY) -> list[dict[str, Any]]:
        """All comments of a pull request, oldest first."""
        found: list[dict[str, Any]] = []
        for page in range(1, 100):
            path = f"/repos/{repository}/issues/{number}/comments?per_page=100&page={page}"
            more = self.call("GET", path)
            found += more
            if len(more) < 100:
                break
        return found

    def add_label(self, number: int, label: str, *, repository: str = REPOSITORY, token: str = OWNER_TOKEN) -> None:
        """Sets a label, through the proxy, which has to see who did."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/repos/{repository}/issues/{number}/labels",
            method="POST",
            data=json.dumps({"labels": [label]}).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310


@contextlib.contextmanager
def running_github(
    seed: object = None,
    *,
    port: int = 0,
    check: bool = True,
    on_exchange: Callable[[Exchange], None] = lambda _: None,
) -> Iterator[GitHub]:
    """Starts the API with a seed (SEED by default) and the proxy on `port` (0: a free one); ends both.

    With `check`, every request is held against GitHub's description.
    """
    description = Description(openapi_description()) if check else None
    stand_ins: list[StandIn] = [pulls_of_commit, files_of_pull_request, comment_outside_the_diff, LabelEvents()]
    with (
        tempfile.TemporaryDirectory() as folder,
        Proxy(description, port=port, stand_ins=stand_ins, on_exchange=on_exchange) as proxy,
    ):
        file = Path(folder) / "seed.json"
        file.write_text(json.dumps(SEED if seed is None else seed))
        with _upstream(proxy, file, Path(folder) / "log"):
            yield GitHub(proxy=proxy, upstream=proxy.upstream)


@contextlib.contextmanager
def _upstream(proxy: Proxy, seed: Path, log: Path, attempts: int = 5) -> Iterator[None]:
    """The API, on a port that was free a moment before; on another when somebody was quicker to take it."""
    with contextlib.ExitStack() as stack:
        for attempt in range(1, attempts + 1):
            proxy.upstream = _free_port()
            process = stack.enter_context(
                _process([*emulate_command(), *_arguments(proxy.upstream, seed, proxy.url)], log)
            )
            if _answers(GitHub(proxy=proxy, upstream=proxy.upstream), process):
                break
            said = log.read_text(errors="replace")[-2000:]
            if "EADDRINUSE" not in said or attempt == attempts:
                raise RuntimeError(f"the GitHub API did not start:\n{said}")
        yield


def _arguments(port: int, seed: Path, url: str) -> list[str]:
    return ["start", "--service", "github", "--port", str(port), "--seed", str(seed), "--base-url", url]


@contextlib.contextmanager
def _process(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(github: GitHub, process: subprocess.Popen[bytes]) -> bool:
    """Whether the process came to answer, before it ended and within 30 s."""
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            github.call("GET", "/users")
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return process.poll() is None
    return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def main() -> None:
    """Serves until SIGTERM or Ctrl-C; the log gets a JSON line for each request, and one for each violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=Path)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--no-check", action="store_true", help="don't hold requests against GitHub's description")
    arguments = parser.parse_args()
    seed = json.loads(arguments.seed.read_text()) if arguments.seed else None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with arguments.log.open("a", buffering=1) as log:

        def write(exchange: Exchange) -> None:
            log.write(
                json.dumps({"method": exchange.method, "target": exchange.target, "status": exchange.status}) + "\n"
            )

        with running_github(seed, port=arguments.port, check=not arguments.no_check, on_exchange=write) as github:
            print(f"GitHub's API answers at {github.url}", flush=True)
            stop.wait()
            for violation in github.proxy.request_violations:
                log.write(json.dumps({"violation": violation}) + "\n")


if __name__ == "__main__":
    main()
