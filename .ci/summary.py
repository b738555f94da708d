"""summary.py [--left-out TEXT] FOLDER...: what meson's test logs in these folders
say, in a few lines.  The last one is for people and for programs."""

import argparse
import collections
import glob
import json
import re


def reason(test):
    """Why a test was skipped: it says so in the last line of its output, or, as
    TAP has it, after "# SKIP"."""
    lines = (test.get("stdout") or "").strip().splitlines() or ["skipped"]
    return re.sub(r"^1\.\.0 # SKIP", "skipped:", lines[-1])


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
        name = test["name"].split(":")[-1].replace(" / ", ": ")
        print(f"  {name}: {reason(test)}")
    if args.left_out:
        print(f"  {args.left_out}\n")

    count = collections.Counter(test["result"] for test in tests)
    passed = count["OK"] + count["EXPECTEDFAIL"]
    failed = len(tests) - passed - len(skipped)
    print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")


if __name__ == "__main__":
    main()
