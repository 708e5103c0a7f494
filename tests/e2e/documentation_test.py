#!/usr/bin/env python3
"""What the program says of itself is what stands in the documentation."""
import subprocess

import harness


def printed(*arguments):
    return subprocess.run([harness.program(), *arguments], check=True, capture_output=True,
                          text=True).stdout


def test_the_configuration_page_is_the_one_the_program_makes():
    page = (harness.SOURCE / "docs/configuration.md").read_text()
    assert page == printed("serve", "--help-markdown"), (
        "make it again: build/release/trainyard serve --help-markdown > docs/configuration.md")


if __name__ == "__main__":
    harness.main(globals())
