#!/usr/bin/env python3
"""What the command line does when its output has nowhere to go."""
import subprocess

import harness


def test_lost_output_is_a_failure(yard):
    for words in (["list"], ["env", "--state-dir", yard.state], ["help"]):
        command = [str(w) for w in [harness.program(), *words]]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=yard.variables)
        assert done.returncode == 1 and done.stderr.startswith(b"FAILED\n"), (words, done)


def test_a_closed_stream_is_no_place_to_write_to(yard):
    # The first file that the program opened would have been its standard output.
    for closed in (">&-", "2>&-", "<&-"):
        done = yard.run("sh", "-c", f'exec "$0" list {closed}', harness.program(), check=False)
        assert done.code == (1 if closed == ">&-" else 0), (closed, done)
        assert done.out == ("" if closed == ">&-" else
                            "ID   NAME   STATE   FRAMEWORK   SUBMITTED   FINISHED\n"), (closed, done)


if __name__ == "__main__":
    harness.main(globals())
