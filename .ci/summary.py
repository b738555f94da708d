"""summary.py [--left-out TEXT] FOLDER...: what meson's test logs in these folders
say, in a few lines.  The last one is for people and for programs."""

import argparse
import glob
import json
import re

LINES = 30      # of a test's output


def reason(test):
    """Why a test was skipped: it says so in the last line of its output, or, as
    TAP has it, after "# SKIP"."""
    lines = (test.get("stdout") or "").strip().splitlines() or ["skipped"]
    return re.sub(r"^1\.\.0 # SKIP", "skipped:", lines[-1])


def name_of(test):
    return test["name"].split(":")[-1].replace(" / ", ": ")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--left-out")
    parser.add_argument("folders", nargs="+")
    args = parser.parse_args()
    tests = []
    for folder in args.folders:
        for path in glob.glob(folder + "/testlog*.json"):
            with open(path, encoding="utf-8") as f:
                tests += map(json.loads, f)

    skipped = [test for test in tests if test["result"] == "SKIP"]
    if skipped or args.left_out:
        print("\nNot run:")
    for test in skipped:
        print(f"  {name_of(test)}: {reason(test)}")
    if args.left_out:
        print(f"  {args.left_out}\n")

    passed = [test for test in tests if test["result"] in ("OK", "EXPECTEDFAIL")]
    failed = [test for test in tests if test not in skipped and test not in passed]
    if failed:
        print("\nFailed, and the end of what they said:")
    for test in failed:
        print(f"  {name_of(test)} ({test['result']})")
        said = "\n".join(test.get(stream) or "" for stream in ("stdout", "stderr"))
        for line in said.strip().splitlines()[-LINES:]:
            print(f"    {line[:300]}")
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")


if __name__ == "__main__":
    main()
