"""What every reference runner needs: the protocol, and how much memory was used.

A request is one line of JSON on standard input, {"op": NAME, ...}; its reply is one line of JSON on
standard output. A reply with "error" says what went wrong.
"""

import json
import os
import sys
import traceback


def serve(operations):
    """Answers requests until standard input ends. `operations` maps names to functions whose
    arguments are the other fields of the request."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # A library that prints must not be taken for a reply.
    os.dup2(2, 1)
    operations = {"memory": memory, **operations}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = operations[request.pop("op")](**request)
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


def memory():
    """The most memory this process ever held, in bytes, as far as the system tells."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return {"bytes": int(line.split()[1]) * 1024}
    except OSError:
        pass
    return {"bytes": None}
