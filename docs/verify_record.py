"""Check the signed record of a Stoa desk: python verify_record.py stoa-record.json [HEAD]. Needs Python alone, not Stoa.

Each revision carries hash = sha256(parent hash + body), the body as JSON with sorted keys and no spaces; the head is
sha256 over "slug:hash" of the last revision of each thesis. So nobody can change a revision without changing the head.
"""

import hashlib
import json
import sys


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def check(document, head=""):
    """How many revisions hold; stops with a sentence at the first that does not."""
    count, heads = 0, ""
    for item in document["theses"]:
        parent, state = "", {}
        slug = item["thesis"]["slug"]
        for n, revision in enumerate(item["revisions"], 1):
            body = {name: value for name, value in revision.items() if name not in ("parent", "hash")}
            text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            if (revision["thesis"], revision["n"], revision["parent"]) != (slug, n, parent) or sha(parent + text) != revision["hash"]:
                sys.exit(f"{slug} revision {n} does not hold: it was changed after it was written")
            parent = revision["hash"]
            state.update(revision["patch"])
            count += 1
        for name in ("conviction", "stance", "claim", "title"):
            if name in state and state[name] != item["thesis"][name]:
                sys.exit(f"{slug}: its {name} is not what its revisions say")
        heads += f"{slug}:{parent}\n"
    if sha(heads) != document["head"]:
        sys.exit("the head does not stand for these revisions")
    if head and head != document["head"]:
        sys.exit("this is not the record whose head you were given")
    return count


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        record = json.load(file)
    print(f"{check(record, *sys.argv[2:3])} revisions hold. Head {record['head']}")
