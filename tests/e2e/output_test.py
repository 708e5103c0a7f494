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


def test_a_state_directory_that_cannot_be_says_what_to_do(yard):
    place = "/proc/trainyard"
    done = yard.trainyard("serve", "--state-dir", place, "--listen", "127.0.0.1:0", "--store-listen",
                          "127.0.0.1:0", check=False)
    assert done.code == 2 and done.err.startswith(f"FAILED\nthere can be no state directory {place} ("), done
    assert done.err.endswith("name another one with --state-dir\n"), done


def test_the_stores_address_is_told_from_the_services(yard):
    done = yard.run("env", f"ML_ENV={yard.store}", harness.program(), "list", check=False)
    assert done.code == 2 and "is the address of an object store, not of the service" in done.err, done


if __name__ == "__main__":
    harness.main(globals())
