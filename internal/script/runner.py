# Runs one script. What it reads and writes beside standard output is described
# in frame.go: the job and the rows come on descriptor 3, the result goes to 4.
import sys


def _run():
    import array, csv, gc, io, itertools, json, linecache, os, struct
    import datetime, decimal, types

    gc.disable()  # rows have no cycles, and looking for some takes longer than making them
    name = "script"
    source = open(3, "rb", buffering=1 << 20, closefd=False)
    os.set_inheritable(3, False)
    os.set_inheritable(4, False)
    sys.stdin = io.StringIO("")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)

    class Wrong(Exception):
        """What the script has left cannot be used."""

    def exactly(n):
        data = source.read(n)
        if len(data) != n:
            os._exit(0)  # the engine is gone
        return data

    def send(kind, payload):
        data = memoryview(kind + struct.pack("<I", len(payload)) + payload)
        while data:
            data = data[os.write(4, data):]

    def tell(kind, what):
        send(kind, json.dumps(what).encode())

    job = json.loads(exactly(struct.unpack("<I", exactly(4))[0]))
    linecache.cache[name] = (len(job["script"]), None, job["script"].splitlines(True), name)

    # --- rows in ---

    def timestamp(text):
        try:
            return datetime.datetime.fromisoformat(text)
        except ValueError:  # a Python before 3.11 wants all six digits, and a zone with minutes
            head, _, zone = text.partition("+")
            main, _, part = head.partition(".")
            return datetime.datetime.fromisoformat(main + "." + (part + "000000")[:6] + ("+" + (zone + ":00")[:5] if zone else ""))

    def time(text):
        return timestamp("2000-01-01 " + text).time()

    readers = {
        "DATE": datetime.date.fromisoformat, "TIME": time, "TIMESTAMP": timestamp, "TIMESTAMP_S": timestamp, "TIMESTAMP_MS": timestamp,
        "TIMESTAMP_NS": timestamp, "TIMESTAMP WITH TIME ZONE": timestamp, "HUGEINT": int, "UHUGEINT": int, "UBIGINT": int,
        "BLOB": bytes.fromhex, "JSON": json.loads,
    }
    if job["legacy"]:
        readers = {"HUGEINT": int, "UHUGEINT": int, "UBIGINT": int, "JSON": json.loads}

    def reader(column):
        typ = column["type"]
        if typ.startswith("DECIMAL"):
            return float if job["legacy"] else decimal.Decimal
        if typ.endswith("]") or typ.startswith(("STRUCT", "MAP", "UNION")):
            return json.loads
        return readers.get(typ)

    inputs = job["columns"]
    columns = [c["name"] for c in inputs]
    convert = [reader(c) for c in inputs]
    if columns:
        cells = ["c%d" % i for i in range(len(columns))]
        make = eval("lambda columns: [{%s} for (%s,) in zip(*columns)]" % (
            ", ".join("%r: %s" % pair for pair in zip(columns, cells)), ", ".join(cells)))

    def cell(i, read, text, row):
        try:
            return read(text)
        except (ValueError, OverflowError, decimal.InvalidOperation):
            raise Wrong("row %d, column %s: Python has no %s such as %.60s: make the column text before this node" % (
                row, columns[i], inputs[i]["type"].lower(), text)) from None

    def column_in(i, n, first):
        kind, nulls, size = struct.unpack("<ccI", exactly(6))
        valid = exactly(n) if nulls == b"1" else None
        data = exactly(size)
        if kind == b"q" or kind == b"d":
            values = array.array(kind.decode())
            values.frombytes(data)
            values = values.tolist()
        elif kind == b"b":
            values = list(map(bool, data))
        elif kind == b"j":
            values = json.loads(data)
        else:
            values = data.decode().split("\0")
        read = convert[i]
        if read is not None:
            try:
                if valid is None:
                    return list(map(read, values))
                return [read(v) if ok else None for v, ok in zip(values, valid)]
            except (ValueError, OverflowError, decimal.InvalidOperation):
                return [cell(i, read, v, first + k) if valid is None or valid[k] else None for k, v in enumerate(values)]
        if valid is not None:
            return [v if ok else None for v, ok in zip(values, valid)]
        return values

    def batches():
        first = 1
        while True:
            n = struct.unpack("<I", exactly(4))[0]
            if n == 0:
                return
            values = [column_in(i, n, first) for i in range(len(columns))]
            yield values, make(values) if columns else [{} for _ in range(n)]
            first += n

    class Lazy:
        """The rows one after the other, while they come in: none is kept."""

        def __init__(self):
            self.all = itertools.chain.from_iterable(b for _, b in batches())
            self.begun = False

        def __iter__(self):
            if self.begun:
                raise RuntimeError("lazy rows can be gone through only once: keep what you need, or leave lazy out of the settings")
            self.begun = True
            return self.all

    # --- rows out ---

    noted = set()

    def note(text):
        if text not in noted and len(noted) < 100:
            noted.add(text)
            tell(b"W", text)

    def kind_of(v):
        if hasattr(v, "item") and hasattr(v, "dtype"):  # numpy's own numbers
            return kind_of(v.item())
        if isinstance(v, bool):
            return bool
        for t in (int, float, str, decimal.Decimal, datetime.datetime, datetime.date, datetime.time, bytes, bytearray, dict, list, tuple):
            if isinstance(v, t):
                return {bytearray: bytes, tuple: list}.get(t, t)
        return type(v)

    names_of = {
        int: "a whole number", float: "a number", str: "text", bool: "true or false", decimal.Decimal: "a decimal number", dict: "an object",
        list: "a list", datetime.date: "a date", datetime.datetime: "a time stamp", datetime.time: "a time of day", bytes: "bytes",
    }
    plain = {int, float, str, bool, decimal.Decimal, datetime.date, datetime.datetime, datetime.time, bytes, dict, list}

    def scalar(v):
        """Makes one of the plain types, or None, of what libraries have instead."""
        if v is None or type(v) in plain:
            return v
        if hasattr(v, "to_pydatetime"):
            return v.to_pydatetime() if v == v else None
        if hasattr(v, "item") and hasattr(v, "dtype"):
            return v.item()
        if type(v).__name__ in ("NAType", "NaTType"):
            return None
        k = kind_of(v)
        if k is list:
            return list(v)
        if k in plain:
            return k(v) if k in (int, float, str, bytes, dict) else v
        return v

    def jsonable(v):
        if isinstance(v, (datetime.date, datetime.time, decimal.Decimal)):
            return str(v)
        if isinstance(v, (bytes, bytearray)):
            return v.hex()
        if isinstance(v, (set, frozenset, tuple)):
            return list(v)
        v2 = scalar(v)
        if v2 is v:
            raise TypeError("%s cannot be kept in a column" % type(v).__name__)
        return v2

    def clean(v):
        """Makes null of NaN inside nested values, which JSON does not have."""
        if isinstance(v, float):
            return None if v != v or v in (float("inf"), float("-inf")) else v
        if isinstance(v, dict):
            return {str(k): clean(x) for k, x in v.items()}
        if isinstance(v, (list, tuple)):
            return [clean(x) for x in v]
        return v

    def to_json(v):
        return json.dumps(clean(v), default=jsonable, ensure_ascii=False)

    def to_text(v):
        if v is True or v is False:
            return "true" if v else "false"
        if isinstance(v, (dict, list)):
            return to_json(v)
        return v.hex() if isinstance(v, bytes) else str(v)

    def utc(v):
        return str(v.astimezone(datetime.timezone.utc) if v.tzinfo else v)

    known = {c["name"]: c["type"] for c in inputs}

    def typed(column, values, seen, row):
        """Returns the DuckDB type of a column, and what makes text of its values, or None."""
        nulls, seen = type(None) in seen, seen - {type(None)}
        if not seen:
            return known.get(column, ""), str
        if len(seen) == 1:
            t = next(iter(seen))
            if t is str:
                return "VARCHAR", None
            if t is int:
                present = values if not nulls else [v for v in values if v is not None]
                low, high = min(present), max(present)
                if -(1 << 63) <= low and high < 1 << 63:
                    return "BIGINT", None
                if -(1 << 127) < low and high < 1 << 127:
                    return "HUGEINT", str
                note("column %s has whole numbers of more than 38 digits, so that it became text" % column)
                return "VARCHAR", str
            if t is float:
                return "DOUBLE", None
            if t is bool:
                return "BOOLEAN", None
            if t is datetime.date:
                return "DATE", str
            if t is datetime.time:
                return "TIME", str
            if t is datetime.datetime:
                zones = any(v is not None and v.tzinfo is not None for v in values)
                return ("TIMESTAMP WITH TIME ZONE", utc) if zones else ("TIMESTAMP", str)
            if t is bytes:
                return "BLOB", bytes.hex
            if t is dict or t is list:
                return "JSON", to_json
            if t is decimal.Decimal:
                return decimals(column, values)
        elif seen == {int, float}:
            return "DOUBLE", None
        elif seen <= {int, decimal.Decimal}:
            return decimals(column, [decimal.Decimal(v) for v in values if v is not None])
        elif seen == {datetime.date, datetime.datetime}:
            return "TIMESTAMP", lambda v: utc(v) if isinstance(v, datetime.datetime) else str(v)
        elif seen <= {dict, list}:
            return "JSON", to_json
        first = None
        for k, v in enumerate(values):
            if v is None:
                continue
            t = type(v)
            if t not in plain:
                raise Wrong("row %d, column %s has a value of Python's type %s, which no column can keep" % (row + k, column, t.__name__))
            if first is None:
                first = t
            elif t is not first and not (t in (int, float) and first in (int, float)):
                note("column %s became text: row %d has %s where those before have %s" % (column, row + k, names_of[t], names_of[first]))
                break
        return "VARCHAR", to_text

    def decimals(column, values):
        places = digits = 0
        for v in values:
            if v is None:
                continue
            if not v.is_finite():
                continue
            _, d, e = v.as_tuple()
            places = max(places, -e, 0)
            digits = max(digits, len(d) + e, 0)
        if places + digits > 38:
            note("column %s has numbers of more than 38 digits, so that it became text" % column)
            return "VARCHAR", lambda v: str(v) if not isinstance(v, decimal.Decimal) or v.is_finite() else None
        width = max(places + digits, 1)
        was = known.get(column, "")
        if was.startswith("DECIMAL("):
            w, s = map(int, was[8:-1].split(","))
            if s >= places and w - s >= digits:
                width, places = w, s
        return "DECIMAL(%d,%d)" % (max(width, 18) if width <= 18 and not was else width, places), \
            lambda v: None if isinstance(v, decimal.Decimal) and not v.is_finite() else format(v, "f") if isinstance(v, decimal.Decimal) else str(v)

    def block(kind, values, valid):
        """One column of a frame."""
        n = len(values)
        if kind == "q":
            data = array.array("q", values if valid is None else [0 if v is None else v for v in values]).tobytes()
        elif kind == "d":
            try:
                data = array.array("d", values if valid is None else [0.0 if v is None else v for v in values]).tobytes()
            except OverflowError:
                raise Wrong("a whole number among fractions is too large for a number with a fraction") from None
        elif kind == "b":
            data = bytes(values if valid is None else [bool(v) for v in values])
        else:
            text = "\0".join(values if valid is None else ["" if v is None else v for v in values])
            if n and text.count("\0") != n - 1:
                kind, data = "j", json.dumps(["" if v is None else v for v in values]).encode()
            else:
                data = text.encode("utf-8", "replace")
        return struct.pack("<ccI", kind.encode(), b"0" if valid is None else b"1", len(data)) + (valid or b"") + data

    kinds = {"BIGINT": "q", "DOUBLE": "d", "BOOLEAN": "b"}
    state = {"schema": None, "rows": 0, "inputs": 0}

    # Columns whose values go back as they came need not be sent: it is enough to say so.
    # That holds for the types below, which come back as those on the right.
    returns = dict.fromkeys(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"], "BIGINT")
    returns.update({"FLOAT": "DOUBLE", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN", "VARCHAR": "VARCHAR"})
    if not job["legacy"]:
        returns.update({t: t for t in ("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")})
    returned = {c["name"]: [] for c in inputs if c["type"] in returns}

    def taken(keys, rows):
        """Returns the values of every key, and of which keys they are those of the input.
        A piece of the rows at a time: a dict that was just used is found sooner."""
        table, same = [[] for _ in keys], [k in returned and len(rows) == state["inputs"] for k in keys]
        for lo in range(0, len(rows), 4096):
            piece = rows[lo:lo + 4096]
            for i, key in enumerate(keys):
                try:
                    values = [row[key] for row in piece]
                except KeyError:
                    values = [row.get(key) for row in piece]
                if same[i]:
                    if all(map(is_, values, returned[key][lo:lo + 4096])):
                        continue
                    same[i], table[i] = False, returned[key][:lo]
                table[i] += values
        for i, key in enumerate(keys):
            if same[i] and not worth(returned[key], known[key]):
                same[i], table[i] = False, returned[key]
        return table, same

    def worth(values, typ):
        """Tells whether a column that came back can go on as it is: NaN becomes null, and of
        nothing but None nobody knows the type."""
        return any(v is not None for v in values) and not (typ in ("FLOAT", "DOUBLE") and any(map(ne, values, values)))

    def write(names, keys, rows, whole=False):
        """Sends rows of which every one is a dict; whole means that these are all."""
        if not whole:
            returned.clear()
        table, schema = [], []
        first = state["rows"] + 1
        for column, (values, same) in zip(names, zip(*taken(keys, rows))):
            if same:
                schema.append({"name": column, "type": returns[known[column]], "kind": "="})
                continue
            seen = set(map(type, values))
            if not seen <= plain_or_none:
                values = [scalar(v) for v in values]
                seen = set(map(type, values))
            if float in seen:
                if any(map(ne, values, values)):
                    values = [None if v != v else v for v in values]
                    seen = set(map(type, values))
            typ, text = typed(column, values, seen, first)
            kind = kinds.get(typ, "s")
            nulls = type(None) in seen
            if text is not None and seen - {type(None)}:
                if not nulls:
                    values = list(map(text, values))
                else:
                    values = [None if v is None else text(v) for v in values]
                nulls = None in values
            table.append((kind, values, nulls))
            schema.append({"name": column, "type": typ, "kind": kind})
        returned.clear()
        if schema != state["schema"]:
            tell(b"C", schema)
            state["schema"] = schema

        def part(lo, hi):
            blocks = [struct.pack("<I", hi - lo)]
            for kind, values, nulls in table:
                piece = values[lo:hi]
                blocks.append(block(kind, piece, bytes(v is not None for v in piece) if nulls else None))
            payload = b"".join(blocks)
            if len(payload) > 32 << 20 and hi - lo > 1:
                del payload, blocks
                part(lo, (lo + hi) // 2)
                part((lo + hi) // 2, hi)
            else:
                if len(payload) > 512 << 20:
                    raise Wrong("row %d is larger than 512 MB" % (first + lo))
                send(b"F", payload)

        for lo in range(0, len(rows), 10000):
            part(lo, min(lo + 10000, len(rows)))
        state["rows"] += len(rows)

    from operator import is_, ne
    plain_or_none = plain | {type(None)}

    def text_names(keys, where):
        names = []
        for k in keys:
            if not isinstance(k, (str, int, float)):
                raise Wrong("%s has a name that is not text: %.60r" % (where, k))
            names.append(str(k))
        return names

    def check_rows(rows, first, what):
        for k, row in enumerate(rows):
            if not isinstance(row, dict):
                raise Wrong("row %d of %s is %s and not a dict" % (first + k, what, a(row)))

    def a(v):
        return "None" if v is None else "a " + type(v).__name__

    def listed(rows, what):
        if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
            return rows.to_dict("records")
        if hasattr(rows, "to_pylist"):
            return rows.to_pylist()
        if isinstance(rows, (str, bytes, dict)) or not hasattr(rows, "__iter__"):
            raise Wrong("%s must be a list of dicts, not %s" % (what, a(rows)))
        return rows if isinstance(rows, list) else list(rows)

    def lazily(out):
        rows = out.get("rows") if isinstance(out, dict) else out
        return isinstance(rows, Lazy) or hasattr(rows, "__next__")

    def piecewise(out):
        """Sends rows that are made while they are sent. Names that are not given are those of
        each piece."""
        names = out.get("columns") if isinstance(out, dict) and out is not preset else columns if out is preset and columns != names_in else None
        rows = out["rows"] if isinstance(out, dict) else out
        rows, first = iter(rows), 1
        while True:
            piece = list(itertools.islice(rows, 10000))
            if not piece and first > 1:
                return
            if set(map(type, piece)) - {dict}:
                check_rows(piece, first, "output_data")
            keys = list(names) if names else list(dict.fromkeys(itertools.chain.from_iterable(piece))) or names_in
            write(text_names(keys, "output_data"), keys, piece)
            first += len(piece)
            if not piece:
                return

    def result(out):
        """Sends what the script has left in output_data."""
        names, what = None, 'output_data["rows"]'
        if out is preset and out.get("rows") is original and out.get("columns") is original_columns and columns == names_in:
            rows, names = original, None
        elif isinstance(out, dict):
            if "rows" not in out:
                raise Wrong('output_data has no "rows": it must be {"columns": [...], "rows": [...]}')
            names = out.get("columns")
            if names is not None and (isinstance(names, (str, bytes)) or not hasattr(names, "__iter__")):
                raise Wrong('output_data["columns"] must be a list of names, not %s' % a(names))
            names = None if names is None else list(names)
            rows = out["rows"]
            if names is None and hasattr(rows, "columns"):
                names = list(rows.columns)
            rows = listed(rows, what)
        elif hasattr(out, "to_dict") and hasattr(out, "columns"):
            names, rows = list(out.columns), out.to_dict("records")
        elif hasattr(out, "to_rows"):
            rows = listed(out.to_rows(), "what to_rows returns")
        else:
            what = "output_data"
            rows = listed(out, what)
        if set(map(type, rows)) - {dict}:
            check_rows(rows, 1, what)
        if names is None:  # all names that there are, those of the input first
            present = dict.fromkeys(itertools.chain.from_iterable(rows)) if rows else {}
            names = [n for n in names_in if n in present or not rows] + [n for n in present if n not in known]
        elif not names and rows:
            names = list(dict.fromkeys(itertools.chain.from_iterable(rows)))
        write(text_names(names, what), names, rows, whole=True)

    # --- the script ---

    emitted = {"rows": [], "columns": None, "used": False}

    def flush():
        rows = emitted["rows"]
        keys = emitted["columns"]
        if keys is None:
            keys = list(dict.fromkeys(itertools.chain.from_iterable(rows)))
        write(text_names(keys, "emit"), keys, rows)
        emitted["rows"] = []

    def begin_emit(columns):
        emitted["columns"], emitted["used"] = list(columns), True

    def emit(row):
        if not isinstance(row, dict):
            raise TypeError("emit takes a dict, not %s" % a(row))
        emitted["used"] = True
        emitted["rows"].append(row)
        if len(emitted["rows"]) == 10000:
            flush()

    def failure(error):
        """Says where in the script an error comes from."""
        line, text, tb = None, "", error.__traceback__
        while tb is not None:
            if tb.tb_frame.f_code.co_filename == name:
                line = tb.tb_lineno
            tb = tb.tb_next
        if isinstance(error, SyntaxError) and error.filename == name:
            line = error.lineno
            words = "%s: %s" % (type(error).__name__, error.msg)
        else:
            try:
                words = "%s: %s" % (type(error).__name__, error) if str(error) else type(error).__name__
            except Exception:
                words = type(error).__name__
        if line:
            text = linecache.getline(name, line).strip()
        tell(b"E", {"code": "script_failed", "message": words[:4000], "line": line or 0, "text": text[:200], "ran": bool(state.get("ran"))})

    def names_used(code):
        used = set(code.co_names)
        for c in code.co_consts:
            if isinstance(c, types.CodeType):
                used |= names_used(c)
        return used

    def work():
        nonlocal preset, original, original_columns, names_in
        names_in = list(columns)
        code = compile(job["script"], name, "exec", dont_inherit=True)
        original, original_columns = Lazy() if job["lazy"] else [], columns
        if job["lazy"]:
            returned.clear()
        else:
            for values, b in batches():
                original += b
                for column, more in zip(columns, values):
                    if column in returned:
                        returned[column] += more
            state["inputs"] = len(original)
        gc.freeze()
        gc.enable()
        gc.set_threshold(100_000, 50, 100)
        preset = {"columns": columns, "rows": original}
        space = {
            "__name__": "__main__", "__builtins__": __builtins__, "sys": sys, "json": json, "os": os, "csv": csv, "rows": original, "columns": columns,
            "config": job["config"], "params": job["params"], "parameters": job["parameters"], "output_data": preset, "emit": emit, "begin_emit": begin_emit,
        }
        main = types.ModuleType("__main__")  # so that classes of the script can be found by their names
        main.__dict__.update(space)
        space = main.__dict__
        sys.modules["__main__"] = main
        used = names_used(code)
        for short, module in (("pd", "pandas"), ("pyarrow", "pyarrow"), ("pa_csv", "pyarrow.csv")):
            if short in used:
                try:
                    __import__(module)
                    space[short] = sys.modules[module]
                except ImportError:
                    pass
        state["ran"] = True
        try:
            exec(code, space)
        except SystemExit as end:
            if end.code not in (None, 0):
                raise Wrong("the script ended itself: %s" % (end.code,)) from None
        out = space.get("output_data")
        if emitted["used"]:
            if out is not preset:
                raise Wrong("the script has called emit and has set output_data: a result comes one way or the other")
            flush()
        elif out is None:
            raise Wrong('output_data is None: it must be {"columns": [...], "rows": [...]}')
        elif job["lazy"] and lazily(out):
            piecewise(out)
        else:
            result(out)
        tell(b"D", {"rows": state["rows"]})

    preset = original = original_columns = names_in = None
    try:
        work()
    except MemoryError:
        original = preset = None
        emitted["rows"] = []
        sys.modules.pop("__main__", None)
        tell(b"E", {"code": "out_of_memory", "message": "", "line": 0, "text": ""})
    except Wrong as wrong:
        tell(b"E", {"code": "bad_result", "message": str(wrong)[:4000], "line": 0, "text": ""})
    except BaseException as error:
        failure(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(0)  # giving back a million rows one by one takes time


_run()
