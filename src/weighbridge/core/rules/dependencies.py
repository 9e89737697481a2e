"""Dependencies that only development or tests need, and tools that nothing in the image uses."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.builds import program_of, verb_of
from weighbridge.core.rules.case import NOTEWORTHY, command_shown, files_shown, shown
from weighbridge.core.rules.downloads import downloads
from weighbridge.core.rules.path_pattern import paths
from weighbridge.core.rules.rule import Rule
from weighbridge.model.finding import Evidence, Finding, Severity
from weighbridge.model.packages import Ecosystem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.replay import Step

_NODE_MANAGERS = frozenset({"npm", "yarn", "pnpm"})
_DEBUG_TOOLS = re.compile(
    r"git(?:-core)?|curl|wget|vim(?:-tiny|-nox)?|nano|emacs(?:-nox)?|less|telnet|dnsutils|bind-tools|bind9-dnsutils"
    r"|net-tools|iputils(?:-ping)?|iproute2|procps|htop|strace|ltrace|gdb|lsof|tcpdump|nmap|netcat(?:-\w+)?|nc|socat"
    r"|sudo|openssh(?:-client|-server)?|ssh|rsync|tree|tmux|screen|man-db|unzip|zip|sqlite3?|mercurial|subversion|tar"
)
"""System packages that people reach for, and that a running program seldom calls."""

_TEST_TOOLS = re.compile(
    r"phantomjs|google-chrome(?:-stable)?|chromium(?:-browser|-driver|-chromedriver)?|chromedriver|firefox(?:-esr)?"
    r"|geckodriver|xvfb|selenium(?:-server)?"
)
_TEST_DOWNLOADS = re.compile(r"chromedriver|google-chrome|geckodriver|selenium-server|phantomjs", re.IGNORECASE)
_NODE_TEST = re.compile(r"^(?:cypress|puppeteer|playwright|selenium-webdriver|jest|mocha|karma|jasmine)$")
_TESTS = paths(
    r"/(?:site-packages|dist-packages|node_modules|gems)/.*/(?:tests?|__tests__|spec)/", "/test/", "tests", "/spec/"
)
_GPU = re.compile(r"^(?:nvidia-(?:cu\w+|nccl|nvtx|cudnn|nvjitlink|cusparselt)[\w-]*|triton|cuda-\w+)$", re.IGNORECASE)
_GLOBAL = frozenset({"-g", "--global", "global"})
_PACKAGE_MANAGERS = frozenset({"npm", "yarn", "pnpm", "corepack", "bun", "node-gyp", "n"})


def _npm_dev(rule: Rule, case: Case) -> Iterator[Finding]:
    if case.for_development:
        return
    if case.base.onbuild and case.base.name == "node":
        yield case.found(
            rule, f"{case.base.reference} runs `npm install`, development dependencies included", line=case.base_line
        )
        return
    for step in case.steps:
        for call in step.calls:
            if not _installs_dev(case, step, call):
                continue
            waste, evidence = _dev_weight(case, step, call)
            if case.contents is not None and (waste is None or waste < NOTEWORTHY):
                continue
            told = f": {format_size(waste)} without what they depend on" if waste else ""
            yield case.found(
                rule,
                f"`{call.program} {verb_of(call)}`".replace(" `", "`") + f" installs devDependencies{told}",
                line=step.line,
                waste=waste,
                evidence=[command_shown(call), *evidence],
            )
            break


def _installs_dev(case: Case, step: Step, call: Call) -> bool:
    program, arguments = program_of(call)
    verb = verb_of(call)
    if program not in _NODE_MANAGERS or verb not in ("install", "i", "ci", "") or (program != "yarn" and not verb):
        return False
    words = [word for word in arguments if not word.startswith("-")]
    if _GLOBAL & set(arguments) or words[1:] or "--prefix" in arguments:
        return False
    if re.search(r"--(?:omit[= ]dev|only[= ]prod|production(?![=]false)|prod\b)|(?:^| )-P(?: |$)", " ".join(arguments)):
        return False
    production = call.environment.get("NODE_ENV") == "production" or "dev" in call.environment.get(
        "NPM_CONFIG_OMIT", ""
    )
    if production and not re.search(r"--(?:include[= ]dev|production=false|dev)\b", " ".join(arguments)):
        return False
    after = step.calls[step.calls.index(call) + 1 :]
    if any(program_of(other)[0] == "npm" and verb_of(other) == "prune" for other in after):
        return False
    return _dev_names(case, step, call) != ()


def _dev_names(case: Case, step: Step, call: Call) -> tuple[str, ...] | None:
    """The devDependencies of the package.json that a call installs; None where it is not known."""
    text = case.text_at(posixpath.join(call.folder or "/", "package.json"), step)
    if text is None:
        return None
    try:
        names = json.loads(text).get("devDependencies", {})
    except (ValueError, AttributeError, RecursionError):
        return None
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, dict) else None


def _dev_weight(case: Case, step: Step, call: Call) -> tuple[int | None, Sequence[Evidence]]:
    """Bytes of the direct devDependencies in the image; what they in turn depend on is not counted."""
    names = _dev_names(case, step, call)
    if case.contents is None:
        return None, ()
    wanted = set(names or ())
    found = [
        package
        for package in case.contents.image.packages
        if package.ecosystem is Ecosystem.NPM
        and package.size
        and (package.name in wanted or _NODE_TEST.match(package.name))
    ]
    found.sort(key=lambda package: (-(package.size or 0), package.name))
    return sum(package.size or 0 for package in found), [
        shown(f"{package.name} ({format_size(package.size or 0)})", path=package.path, size=package.size)
        for package in found
    ]


def _composer_dev(rule: Rule, case: Case) -> Iterator[Finding]:
    if case.for_development:
        return
    for step, call in case.calls:
        program, arguments = program_of(call)
        if program not in ("composer", "composer.phar") or verb_of(call) != "install" or "--no-dev" in arguments:
            continue
        if call.environment.get("COMPOSER_NO_DEV") == "1":
            continue
        yield case.found(
            rule, "`composer install` installs require-dev", line=step.line, evidence=[command_shown(call)]
        )


def _bundler_dev(rule: Rule, case: Case) -> Iterator[Finding]:
    without = case.for_development
    for step, call in case.calls:
        program, arguments = program_of(call)
        if call.environment.get("BUNDLE_WITHOUT") or call.environment.get("BUNDLE_ONLY"):
            without = True
        if program != "bundle":
            continue
        text = " ".join(arguments)
        if "without" in text or "deployment" in text:
            without = True
        if verb_of(call) in ("install", "") and not without:
            yield case.found(
                rule,
                "`bundle install` installs the groups of development and test",
                line=step.line,
                evidence=[command_shown(call)],
            )
            return


def _tests(rule: Rule, case: Case) -> Iterator[Finding]:
    packages = [package for package in case.packages if package.removed is None and _TEST_TOOLS.fullmatch(package.name)]
    fetched = [each for each in downloads(case) if _TEST_DOWNLOADS.search(each.path)]
    names = [package.name for package in packages] + [posixpath.basename(each.path) for each in fetched]
    line = packages[0].step.line if packages else fetched[0].step.line if fetched else None
    if not names or case.for_development or any(name.lower() in case.started.lower() for name in names):
        return
    waste, evidence = None, [shown(name) for name in dict.fromkeys(names)]
    if case.contents is not None:
        here = [package for package in case.contents.image.packages if _TEST_TOOLS.fullmatch(package.name)]
        waste = sum(package.size or 0 for package in here)
        evidence = [
            shown(f"{each.name} ({format_size(each.size or 0)})", path=each.path, size=each.size) for each in here
        ]
        if waste < NOTEWORTHY:
            return
    told = f": {format_size(waste)}" if waste else ""
    yield case.found(
        rule, f"{', '.join(dict.fromkeys(names))} serve tests only{told}", line=line, waste=waste, evidence=evidence
    )


def _gpu(rule: Rule, case: Case) -> Iterator[Finding]:
    if case.contents is None or case.base.name == "nvidia/cuda":
        return
    found = [
        package
        for package in case.contents.image.packages
        if package.ecosystem is Ecosystem.PIP and _GPU.match(package.name)
    ]
    size = sum(package.size or 0 for package in found)
    if size >= NOTEWORTHY:
        step = next((step for step, call in case.calls if "torch" in " ".join(call.argv) or "-r" in call.argv), None)
        yield case.found(
            rule,
            f"{len(found)} packages for graphics processors, on a base image without their driver: {format_size(size)}",
            line=step.line if step is not None else None,
            waste=size,
            evidence=[
                shown(f"{package.name} ({format_size(package.size or 0)})", path=package.path, size=package.size)
                for package in sorted(found, key=lambda package: -(package.size or 0))
            ],
        )


def _tools(rule: Rule, case: Case) -> Iterator[Finding]:
    if case.for_development:
        return
    for step in case.steps:
        unused = [
            package
            for package in case.packages
            if package.step is step
            and package.removed is None
            and _DEBUG_TOOLS.fullmatch(package.name)
            and not _is_started(case, package.name)
        ]
        if unused:
            yield from _tools_of(rule, case, step, list(dict.fromkeys(package.name for package in unused)))
        for call in step.calls:
            name = _global_tool(case, call)
            if name is not None and case.contents is None:
                yield case.found(
                    rule,
                    f"`{name}` is installed, and neither the build nor the container's command calls it",
                    line=step.line,
                    evidence=[command_shown(call)],
                )


def _tools_of(rule: Rule, case: Case, step: Step, names: Sequence[str]) -> Iterator[Finding]:
    if case.contents is None:
        yield case.found(
            rule,
            f"{', '.join(names)} stay in the image, and nothing shows that the container calls them",
            line=step.line,
        )
        return
    here = [package for package in case.contents.image.packages if package.name in names]
    size = sum(package.size or 0 for package in here)
    if size >= NOTEWORTHY:
        yield case.found(
            rule,
            f"{', '.join(names)} stay in the image, and nothing shows that the container calls them: "
            f"{format_size(size)} without what they depend on",
            line=step.line,
            waste=size,
            evidence=[
                shown(f"{package.name} ({format_size(package.size or 0)})", path=package.path, size=package.size)
                for package in here
            ],
        )


def _is_started(case: Case, package: str) -> bool:
    """Whether the container's command, health check or entrypoint script has the tool's name as a word."""
    names = {"git-core": "git", "dnsutils": "dig", "procps": "ps", "iputils-ping": "ping", "openssh-client": "ssh"}
    name = names.get(package, package.partition("-")[0] if package.startswith("vim") else package)
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-])", case.started) is not None


def _global_tool(case: Case, call: Call) -> str | None:
    """A command line tool that npm installs for everybody, and that nothing then calls."""
    program, arguments = program_of(call)
    if program not in _NODE_MANAGERS or not _GLOBAL & set(arguments):
        return None
    words = [word for word in arguments if not word.startswith("-") and word not in ("install", "i", "add", "global")]
    for word in words:
        name = re.sub(r"(?<=.)@[^/]*$", "", word)
        stem = name.rpartition("/")[2].removesuffix("-cli")
        if name in _PACKAGE_MANAGERS or not re.fullmatch(r"[\w.-]+", stem):
            continue
        called = any(stem in other.argv[0] or stem in " ".join(other.argv[1:3]) for _, other in case.calls
                     if other is not call)  # fmt: skip
        if not called and stem not in case.started:
            return name
    return None


def _tests_in_packages(rule: Rule, case: Case) -> Iterator[Finding]:
    if case.contents is None:
        return
    files = case.contents.matching(_TESTS)
    size = sum(held.size for held in files)
    if size >= 10 * NOTEWORTHY:
        yield case.found(
            rule,
            f"tests of installed packages: {format_size(size)}",
            line=case.line_of(files[0].layer),
            waste=size,
            evidence=files_shown(files),
        )


DEPENDENCIES = (
    Rule(
        id="npm-dev-deps",
        severity=Severity.HIGH,
        title="devDependencies are in the final image",
        why="Bundlers, linters and test frameworks are often larger than all that the server needs.",
        how="Write `npm ci --omit=dev` (`yarn install --production`, `pnpm install --prod`). Where a bundle is built, "
        "build it in another stage with everything.",
        bad="FROM node:24-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci && npm cache clean --force\n",
        good="FROM node:24-slim\nWORKDIR /app\nCOPY package*.json ./\n"
        "RUN npm ci --omit=dev && npm cache clean --force\n",
        examine=_npm_dev,
    ),
    Rule(
        id="composer-dev-deps",
        severity=Severity.MEDIUM,
        title="Composer installs what only development needs",
        why="`require-dev` holds test frameworks and debuggers.",
        how="Write `composer install --no-dev`.",
        bad="FROM composer:2 AS vendor\nFROM php:8.3-alpine\nRUN composer install --no-cache\n",
        good="FROM composer:2 AS vendor\nFROM php:8.3-alpine\nRUN composer install --no-cache --no-dev\n",
        examine=_composer_dev,
    ),
    Rule(
        id="bundler-dev-deps",
        severity=Severity.MEDIUM,
        title="Bundler installs the groups of development and test",
        why="They hold test frameworks, browsers' drivers and debuggers.",
        how="Set `BUNDLE_WITHOUT=development:test`, or `bundle config set without 'development test'` before.",
        bad="FROM ruby:3.4-slim\nRUN bundle install && rm -rf /usr/local/bundle/cache\n",
        good="FROM ruby:3.4-slim\nENV BUNDLE_WITHOUT=development:test\n"
        "RUN bundle install && rm -rf /usr/local/bundle/cache\n",
        examine=_bundler_dev,
    ),
    Rule(
        id="test-deps-in-final",
        severity=Severity.MEDIUM,
        title="Browsers and drivers for tests are in the final image",
        why="A browser with its libraries is hundreds of megabytes, and the tests don't run in production.",
        how="Make a stage for the tests that is FROM the final one, and install them there.",
        bad="FROM ruby:3.4-slim\nRUN apt-get update && apt-get install -y --no-install-recommends chromium-driver \\\n"
        " && rm -rf /var/lib/apt/lists/*\n",
        good="FROM ruby:3.4-slim AS app\nFROM app AS test\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends chromium-driver\nFROM app\n",
        examine=_tests,
    ),
    Rule(
        id="tests-in-packages",
        severity=Severity.LOW,
        title="Tests of installed packages are in the image",
        why="Many packages ship their tests, and the data that they read.",
        how="Delete them in the stage that installs, where nothing imports them.",
        bad="FROM python:3.13-slim\nRUN pip install --no-cache-dir pandas\n",
        good="FROM python:3.13-slim\n"
        "RUN pip install --no-cache-dir pandas && rm -rf /usr/local/lib/python3.13/site-packages/pandas/tests\n",
        examine=_tests_in_packages,
        needs_image=True,
    ),
    Rule(
        id="gpu-wheels",
        severity=Severity.HIGH,
        title="Libraries for graphics processors in an image without them",
        why="`pip install torch` brings gigabytes of CUDA libraries, of which nothing is used on a CPU.",
        how="Install from the index of CPU wheels of the project.",
        bad="FROM python:3.13-slim\nRUN pip install --no-cache-dir torch\n",
        good="FROM python:3.13-slim\n"
        "RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu torch\n",
        examine=_gpu,
        needs_image=True,
    ),
    Rule(
        id="debug-tools",
        severity=Severity.LOW,
        title="Tools that the running program does not call",
        why="Editors, `git`, `curl` beside `wget`, `sudo`, `ssh`: each brings libraries along, and helps an attacker.",
        how="Install them in the stage that needs them, or remove them in the same `RUN`. A debugger can be attached "
        "by `docker debug`, or by a container in the same namespaces.",
        bad="FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends git vim \\\n"
        " && rm -rf /var/lib/apt/lists/*\n",
        good="FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends git \\\n"
        " && git clone https://example.org/data /data && apt-get purge -y --auto-remove git \\\n"
        " && rm -rf /var/lib/apt/lists/*\n",
        examine=_tools,
        others=("hadolint DL3001", "hadolint DL3004", "hadolint DL4001"),
    ),
)
