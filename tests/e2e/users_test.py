#!/usr/bin/env python3
"""Several users of one service, through the command line."""
import json

import harness


def as_user(yard, name, password):
    saved = {key: yard.variables[key] for key in ("ML_USERNAME", "ML_PASSWORD")}
    yard.variables |= {"ML_USERNAME": name, "ML_PASSWORD": password}
    return saved


def test_users_are_added_and_see_what_their_role_shows(yard):
    password = yard.trainyard("user", "add", "ada").out.strip()
    token = None
    founder = as_user(yard, "ada", password)
    try:
        assert "0 records found." in yard.bx("ml", "list", "training-runs").out
        refused = yard.trainyard("user", "list", check=False)
        assert refused.code == 4 and "only an admin" in refused.err, refused
        token = yard.trainyard("token", "create", "ci").out.strip()
        assert token.startswith("trn_"), token
        as_user(yard, "ada", token)
        assert "0 records found." in yard.bx("ml", "list", "training-runs").out
        as_user(yard, "ada", "wrong password")
        assert yard.bx("ml", "list", "training-runs", check=False).code == 4
    finally:
        yard.variables |= founder
    assert "ada" in yard.trainyard("user", "list").out
    yard.trainyard("user", "disable", "ada")
    as_user(yard, "ada", password)
    try:
        assert yard.bx("ml", "list", "training-runs", check=False).code == 4
    finally:
        yard.variables |= founder
    entries = json.loads(yard.trainyard("audit", "--json").out)["resources"]
    seen = {(e["actor"], e["action"], e["status"]) for e in entries}
    assert ("ada", "GET /v3/identity/token", 401) in seen, seen
    assert ("ada", "POST /v3/tokens", 201) in seen, seen
    text = (yard.state / "audit.log").read_text()
    assert password not in text and token not in text


if __name__ == "__main__":
    harness.main(globals())
