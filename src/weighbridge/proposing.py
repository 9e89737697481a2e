"""Proposes proven fixes as pull requests of their own: one an image, kept up to date, and never a second time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from weighbridge.core.fixes.best import best
from weighbridge.core.marker import marker
from weighbridge.core.proposals import Identity, blob_id, branch_of, content_of, identity_of, scope_of
from weighbridge.core.rendering.proposal import proposal_body, proposal_title, withdrawn
from weighbridge.errors import GitHubError
from weighbridge.model.fix import ProofStatus
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from weighbridge.forge import Proposal, Proposals
    from weighbridge.model.fix import Fix
    from weighbridge.model.report import ImageReport, Report

_MODE = "100644"


class Outcome(StrEnum):
    """What became of one image's pull request."""

    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CLOSED = "closed"
    LEFT = "left alone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """`reason` is one line where the outcome alone does not say enough; `url` None where there is no pull request."""

    image: str
    outcome: Outcome
    reason: str = ""
    url: str | None = None


def propose(
    proposals: Proposals, report: Report, base: str, *, key: str, run_url: str | None = None
) -> tuple[Proposed, ...]:
    """Opens, updates or closes the pull requests into the branch `base`, whose tip the report is about.

    What GitHub does is an answer, not an exception. Raises UsageError for a key that can't be one.
    """
    images = [image for image in report.images if not image.unfixed and not isinstance(image.head, Unavailable)]
    if not images:
        return ()
    every = ", ".join(dict.fromkeys(image.name for image in images))
    try:
        tip = proposals.tip(base)
        if tip is None:
            return (Proposed(image=every, outcome=Outcome.LEFT, reason=f"there is no branch {base}"),)
        if tip != report.head.commit:
            reason = f"{base} has moved on to {tip[:12]}, whose own run will tell"
            return (Proposed(image=every, outcome=Outcome.LEFT, reason=reason),)
        there = {
            identity.scope: (identity, proposal)
            for proposal in proposals.ours(base, key)
            if (identity := identity_of(proposal.body, key)) is not None
        }
    except GitHubError as error:
        return (Proposed(image=every, outcome=Outcome.FAILED, reason=str(error)),)
    work = _Work(proposals=proposals, base=base, tip=tip, key=key, run_url=run_url)
    done = (work.of(image, fix, there.get(scope)) for scope, (image, fix) in _chosen(images).items())
    return tuple(each for each in done if each is not None)


def _chosen(images: list[ImageReport]) -> dict[str, tuple[ImageReport, Fix | None]]:
    """One of each image's platforms: the first that has a fix."""
    found: dict[str, tuple[ImageReport, Fix | None]] = {}
    for image in images:
        fix = best(image.fixes)
        if scope_of(image) not in found or (found[scope_of(image)][1] is None and fix is not None):
            found[scope_of(image)] = (image, fix)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The pull requests into one branch. `tip` is its commit."""

    proposals: Proposals
    base: str
    tip: str
    key: str
    run_url: str | None

    def of(self, image: ImageReport, fix: Fix | None, there: tuple[Identity, Proposal] | None) -> Proposed | None:
        try:
            if fix is None:
                return None if there is None else self._without(image, *there)
            return self._with(image, fix, there)
        except GitHubError as error:
            return Proposed(image=image.name, outcome=Outcome.FAILED, reason=str(error))

    def _with(self, image: ImageReport, fix: Fix, there: tuple[Identity, Proposal] | None) -> Proposed:
        content = content_of(fix)
        if there is None:
            return self._open(image, fix, content)
        known, proposal = there
        if known.content == content:
            return self._retold(image, fix, known, proposal)
        if self.proposals.tip(proposal.branch) != known.commit:
            return _left(image, proposal, "somebody else has worked on it")
        commit = self._commit(image, fix)
        if commit is None:
            return _moved(image)
        self.proposals.set_branch(proposal.branch, commit)
        identity = Identity(scope=known.scope, content=content, commit=commit)
        self.proposals.edit(proposal.number, proposal_title(image, fix), self._body(image, fix, identity))
        return Proposed(image=image.name, outcome=Outcome.UPDATED, url=proposal.url)

    def _open(self, image: ImageReport, fix: Fix, content: str) -> Proposed:
        branch = branch_of(image, content)
        before = self.proposals.of_branch(branch)
        if before:
            reason = "somebody else opened it" if before[-1].open else "it was closed, and is not proposed again"
            return _left(image, before[-1], reason)
        commit = self._commit(image, fix)
        if commit is None:
            return _moved(image)
        self.proposals.set_branch(branch, commit)
        identity = Identity(scope=scope_of(image), content=content, commit=commit)
        made = self.proposals.open(self.base, branch, proposal_title(image, fix), self._body(image, fix, identity))
        return Proposed(image=image.name, outcome=Outcome.OPENED, url=made.url)

    def _retold(self, image: ImageReport, fix: Fix, known: Identity, proposal: Proposal) -> Proposed:
        """The same change, perhaps measured anew. A run's address alone is no news."""
        body = self._body(image, fix, known)
        if _without_run(body) == _without_run(proposal.body):
            return Proposed(image=image.name, outcome=Outcome.UNCHANGED, url=proposal.url)
        self.proposals.edit(proposal.number, proposal_title(image, fix), body)
        return Proposed(image=image.name, outcome=Outcome.UPDATED, url=proposal.url)

    def _without(self, image: ImageReport, known: Identity, proposal: Proposal) -> Proposed:
        """Nothing is proven now. Only where that was found out, and nobody else has worked on it, it is closed."""
        if any(fix.proof.status is not ProofStatus.REJECTED for fix in image.fixes):
            return _left(image, proposal, "it could not be proven again this time")
        if self.proposals.tip(proposal.branch) != known.commit:
            return _left(image, proposal, "somebody else has worked on it")
        self.proposals.close(proposal.number, withdrawn(proposal.body))
        self.proposals.delete_branch(proposal.branch)
        reason = "nothing of it is proven any more"
        return Proposed(image=image.name, outcome=Outcome.CLOSED, reason=reason, url=proposal.url)

    def _commit(self, image: ImageReport, fix: Fix) -> str | None:
        """The fix on the branch's tip; None where a file there is not the one that was read."""
        files: dict[str, tuple[str, str] | None] = {}
        for edit in fix.candidate.edits:
            stored = self.proposals.stored(self.tip, edit.path)
            if (stored.blob if stored else None) != (None if edit.before is None else blob_id(edit.before)):
                return None
            files[edit.path] = None if edit.after is None else (stored.mode if stored else _MODE, edit.after)
        return self.proposals.commit(self.tip, proposal_title(image, fix), files)

    def _body(self, image: ImageReport, fix: Fix, identity: Identity) -> str:
        return proposal_body(image, fix, marker(self.key, identity.payload), run_url=self.run_url)


def _without_run(body: str) -> str:
    return body.rpartition("<sub>")[0]


def _left(image: ImageReport, proposal: Proposal, reason: str) -> Proposed:
    return Proposed(image=image.name, outcome=Outcome.LEFT, reason=reason, url=proposal.url)


def _moved(image: ImageReport) -> Proposed:
    reason = (
        "its files are not in the branch as they were built (line ends, links or filters?): apply the patch by hand"
    )
    return Proposed(image=image.name, outcome=Outcome.LEFT, reason=reason)
