#!/usr/bin/env python3
"""A plugin that shows all of the protocol: one JSON message a line, in and out."""

import json
import sys


def say(kind, **message):
    print(json.dumps({"type": kind, **message}))


def main(command):
    first = json.loads(sys.stdin.readline())
    config, stream = first["config"], first.get("stream")
    column = config.get("column", "n")
    records = (m["data"] for m in map(json.loads, sys.stdin) if m["type"] == "record")

    if command == "spec":
        say("status", status="ok", message="it answers")
    elif command == "check":
        ready = config.get("count", 3) > 0
        say("status", status="ok" if ready else "error", message="" if ready else "count is 0: there would be no numbers")
    elif command == "discover":
        for name in ("plain", "squares"):
            say("stream", stream={"name": name, "columns": [{"name": "n", "type": "integer"}], "cursor_field": "n"})
    elif command == "read":
        if stream not in ("plain", "squares"):
            return say("error", message=f"there is no stream {stream}: there are plain and squares")
        start = (first.get("state") or {}).get("next", 1)
        end = start + config.get("count", 3)
        say("stream", stream={"name": stream, "columns": [{"name": "n", "type": "integer"}]})
        for n in range(start, end):
            say("record", data={"n": n * n if stream == "squares" else n})
        say("log", level="info", message=f"read up to {end - 1}")
        say("state", value={"next": end})
    elif command == "transform":
        for row in records:
            say("record", data={**row, column: row[column] * config.get("factor", 2)})
    elif command == "write":
        say("log", level="info", message=f"{stream}: {sum(row[column] or 0 for row in records)}")


main(sys.argv[1])
