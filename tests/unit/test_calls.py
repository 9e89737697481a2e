"""What a source file may start is read from its calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.reading.calls import called_words, may_call


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.py", "subprocess.run(['git', 'log'])", {"git"}),
        ("a.py", "import subprocess\nsubprocess.check_output(\n    ['/usr/bin/ffmpeg', '-i'],\n)", {"/usr/bin/ffmpeg"}),
        ("a.py", "os.system('convert a b')", {"convert"}),
        ("a.py", "cmd = ['wkhtmltopdf', '-']\nsubprocess.Popen(cmd)", {"wkhtmltopdf"}),
        ("a.py", "names = ['git', 'hg']\nprint(names)", set()),
        ("a.js", "const {spawn} = require('child_process')\nspawn('pdftotext', [x])", {"pdftotext"}),
        ("a.ts", "execSync(`git rev-parse HEAD`)", {"git"}),
        ("a.js", "const match = /x/.exec(text)", set()),
        ("a.rb", "version = `git describe`", {"git"}),
        ("a.rb", "system('tar', 'xf', name)", {"tar"}),
        ("a.php", "<?php $out = shell_exec('identify x.png');", {"identify"}),
        ("a.php", "<?php $process = new Process(['git', 'log']);", {"git"}),
        ("A.java", 'new ProcessBuilder("dot", "-Tpng").start()', {"dot"}),
        ("a.txt", "subprocess.run(['git'])", set()),
    ],
)
def test_the_first_word_of_a_call_is_a_program(name: str, text: str, expected: set[str]) -> None:
    assert expected == set(called_words(f"app/{name}", text.encode()))


@given(st.sampled_from(["py", "js", "rb", "php", "pl", "java", "cs"]), st.binary(max_size=2000))
def test_any_bytes_are_read(ending: str, text: bytes) -> None:
    assert len(called_words(f"x.{ending}", text)) <= 400


@pytest.mark.parametrize("ending", ["py", "js", "rb", "php", "pl", "java", "cs"])
def test_a_file_made_to_be_slow_is_read_in_time(ending: str) -> None:
    text = (b"system ( [ " * 4000) + (b"`/" * 20000) + (b"[ " * 20000) + b"/a" * 40000 + b"new " + b"a" * 40000
    assert len(called_words(f"x.{ending}", text)) <= 400


@pytest.mark.parametrize(
    "interpreter", [("/usr/bin/env", "node"), ("/usr/local/bin/node",), ("/usr/bin/env", "-S", "node")]
)
def test_a_script_without_an_ending_is_what_its_first_line_says(interpreter: tuple[str, ...]) -> None:
    text = b"const { execFileSync } = require('child_process')\nexecFileSync('file', ['-'])\n"

    assert {"file"} <= called_words("srv/bin/www", text, interpreter)
    assert {"git"} == called_words("usr/local/bin/churn", b"subprocess.run(['git'])", ("/usr/bin/python3.11",))
    assert not may_call("srv/bin/www")
    assert not may_call("srv/bin/start", ("/bin/sh",))
