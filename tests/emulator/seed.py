"""Runs the Lambda handlers of the document that Quell was made from, as they stand there, against an emulated account.

    seed.py ENDPOINT < {"bucket": [EVENT…], "group": [EVENT…], "isolate": [EVENT…]}

The code is taken out of tests/seed/lambda-and-step-functions.md when it is run: nobody has copied or mended it. What became
of each event is printed as JSON: what the handler returned, or what it raised.
"""

import contextlib
import io
import json
import os
import re
import sys
import warnings
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "seed" / "lambda-and-step-functions.md"
# The handlers, in the order of the document.
HANDLERS = ["bucket", "group", "isolate"]


def main():
    endpoint, events = sys.argv[1], json.load(sys.stdin)
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    warnings.simplefilter("ignore", DeprecationWarning)
    blocks = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    if len(blocks) != len(HANDLERS):
        sys.exit(f"the document has {len(blocks)} handlers, not {len(HANDLERS)}")
    sources = dict(zip(HANDLERS, blocks))
    print(json.dumps({name: [call(sources[name], event) for event in given] for name, given in events.items()}))


def call(source, event):
    """What a handler makes of an event. What it prints is for the Lambda's log."""
    module = {}
    exec(compile(source, DOCUMENT.name, "exec"), module)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return {"returned": module["lambda_handler"](event, None)}
    except Exception as error:  # noqa: BLE001: whatever it raises is what became of it
        return {"raised": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
