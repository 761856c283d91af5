// Runs one script. What it reads and writes beside standard output is described
// in frame.go: the job and the rows come on descriptor 3, the result goes to 4.
"use strict";
(() => {
  const fs = require("fs"), vm = require("vm"), path = require("path"), { createRequire } = require("module");
  const name = "script", most = 512 * 2 ** 20;

  class Wrong extends Error {} // what the script has left cannot be used

  let buffered = Buffer.alloc(0), at = 0;
  function exactly(n) {
    if (buffered.length - at < n) {
      const rest = buffered.subarray(at), into = Buffer.allocUnsafe(Math.max(n, 1 << 20));
      rest.copy(into);
      let have = rest.length;
      while (have < n) {
        const got = fs.readSync(3, into, have, into.length - have, null);
        if (got === 0) process.reallyExit(0); // the engine is gone
        have += got;
      }
      buffered = into.subarray(0, have);
      at = 0;
    }
    return buffered.subarray(at, (at += n));
  }

  function send(kind, payload) {
    const head = Buffer.alloc(5);
    head.write(kind, 0, "latin1");
    head.writeUInt32LE(payload.length, 1);
    for (const part of [head, payload]) {
      for (let from = 0; from < part.length; ) from += fs.writeSync(4, part, from);
    }
  }

  const tell = (kind, what) => send(kind, Buffer.from(JSON.stringify(what)));

  const job = JSON.parse(exactly(exactly(4).readUInt32LE(0)).toString());

  // --- rows in ---

  const inputs = job.columns, known = new Map(inputs.map((c) => [c.name, c.type]));
  const nested = (t) => t === "JSON" || t.endsWith("]") || /^(STRUCT|MAP|UNION)/.test(t);
  const small = (v) => (v >= Number.MIN_SAFE_INTEGER && v <= Number.MAX_SAFE_INTEGER ? Number(v) : v);

  function reader(type) {
    if (type.startsWith("DECIMAL")) return Number;
    if (type === "HUGEINT" || type === "UHUGEINT" || type === "UBIGINT") return (v) => small(BigInt(v));
    if (type === "BLOB") return (v) => Buffer.from(v, "hex");
    return nested(type) ? JSON.parse : null;
  }
  const readers = inputs.map((c) => reader(c.type));

  function whole(data, n) {
    const values = new Array(n);
    for (let i = 0; i < n; i++) {
      const v = data.readInt32LE(8 * i + 4) * 4294967296 + data.readUInt32LE(8 * i);
      values[i] = Number.isSafeInteger(v) ? v : data.readBigInt64LE(8 * i);
    }
    return values;
  }

  function valuesOf(kind, data, n) {
    if (kind === "q") return whole(data, n);
    if (kind === "d") return Array.from(new Float64Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length)));
    if (kind === "b") return Array.from(data, (v) => v !== 0);
    return kind === "j" ? JSON.parse(data.toString()) : data.toString().split("\0");
  }

  function columnIn(i, n) {
    const head = exactly(6), kind = String.fromCharCode(head[0]), nulls = head[1] === 0x31, size = head.readUInt32LE(2);
    const valid = nulls ? Buffer.from(exactly(n)) : null, values = valuesOf(kind, exactly(size), n), read = readers[i];
    if (read || valid) {
      for (let k = 0; k < n; k++) values[k] = valid && !valid[k] ? null : read ? read(values[k]) : values[k];
    }
    return values;
  }

  // A name in brackets makes a member of its own, even when it is __proto__.
  const make = new Function("c", "n", "const rows = new Array(n); for (let i = 0; i < n; i++) rows[i] = {" +
    inputs.map((c, i) => "[" + JSON.stringify(c.name) + "]: c[" + i + "][i]").join(", ") + "}; return rows;");

  // --- rows out ---

  const noted = new Set();
  function note(text) {
    if (!noted.has(text) && noted.size < 100) {
      noted.add(text);
      tell("W", text);
    }
  }

  const a = (v) => (v === null || v === undefined ? String(v) : Array.isArray(v) ? "a list" : "a " + typeof v);
  const words = {
    whole: "a whole number", number: "a number", string: "text", boolean: "true or false", bigint: "a whole number", date: "a date", blob: "bytes", object: "an object",
  };

  function kindOf(v) {
    switch (typeof v) {
      case "number":
        return Number.isSafeInteger(v) && !Object.is(v, -0) ? "whole" : "number";
      case "object":
        return v instanceof Date ? "date" : v instanceof Uint8Array ? "blob" : "object";
      default:
        return typeof v;
    }
  }

  const json = (v) => JSON.stringify(v, (_, x) => (typeof x === "bigint" ? (small(x) === x ? String(x) : Number(x)) : x)) ?? "null";
  const stamp = (v) => v.toISOString().replace("T", " ").slice(0, -1).replace(/\.?0+$/, (zeros) => (zeros[0] === "." ? "" : zeros));
  const texts = { date: stamp, blob: (v) => Buffer.from(v).toString("hex"), object: json };
  const toText = (v) => (texts[kindOf(v)] ?? String)(v);

  // Text that came as a date and still is one stays one.
  const patterns = {
    DATE: /^(\d{4}-\d\d-\d\d)$/, TIME: /^()([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/,
    TIMESTAMP: /^(\d{4}-\d\d-\d\d) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/,
    "TIMESTAMP WITH TIME ZONE": /^(\d{4}-\d\d-\d\d) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?[+-]\d\d(:?\d\d)?$/,
  };
  const days = new Map([["", true]]);
  function isDay(text) {
    if (!days.has(text)) {
      const day = new Date(text + "T00:00:00Z");
      days.set(text, !isNaN(day) && day.toISOString().startsWith(text));
    }
    return days.get(text);
  }
  function still(type, values) {
    const pattern = patterns[type];
    return pattern !== undefined && values.every((v) => v === null || isDay(pattern.exec(v)?.[1]));
  }

  const bits = (seen, values) => {
    let low = 0n, high = 0n;
    for (const v of values) if (v !== null) (low = BigInt(v) < low ? BigInt(v) : low), (high = BigInt(v) > high ? BigInt(v) : high);
    if (low >= -(1n << 63n) && high < 1n << 63n) return ["BIGINT", "q", null];
    if (low > -(1n << 127n) && high < 1n << 127n) return ["HUGEINT", "s", String];
    return ["VARCHAR", "s", String];
  };

  // typed returns the DuckDB type of a column, how it is carried, and what makes text of its values, or null.
  function typed(column, values, seen, row) {
    const was = known.get(column), all = [...seen];
    if (seen.size === 0) return [was ?? "", "s", String];
    if (all.every((t) => t === "whole" || t === "number")) {
      if (seen.has("number") || was === "DOUBLE" || was === "FLOAT" || was?.startsWith("DECIMAL")) return ["DOUBLE", "d", null];
      return ["BIGINT", "q", null];
    }
    if (all.every((t) => t === "whole" || t === "bigint")) return bits(seen, values);
    if (seen.size === 1) {
      switch (all[0]) {
        case "string":
          return [still(was, values) ? was : "VARCHAR", "s", null];
        case "boolean":
          return ["BOOLEAN", "b", null];
        case "date":
          return ["TIMESTAMP", "s", stamp];
        case "blob":
          return ["BLOB", "s", texts.blob];
        case "object":
          return ["JSON", "s", json];
      }
    }
    let first = null;
    for (let k = 0; k < values.length; k++) {
      if (values[k] === null) continue;
      const t = kindOf(values[k]);
      if (!(t in words)) throw new Wrong(`row ${row + k}, column ${column} has a ${t}, which no column can keep`);
      if (first === null) first = t;
      else if (words[t] !== words[first]) {
        note(`column ${column} became text: row ${row + k} has ${words[t]} where those before have ${words[first]}`);
        break;
      }
    }
    return ["VARCHAR", "s", toText];
  }

  function block(kind, values, nulls) {
    let data;
    const n = values.length;
    if (kind === "q") {
      data = Buffer.allocUnsafe(8 * n);
      for (let i = 0; i < n; i++) {
        const v = values[i] ?? 0;
        if (typeof v === "bigint") data.writeBigInt64LE(v, 8 * i);
        else {
          const high = Math.floor(v / 4294967296);
          data.writeInt32LE(high, 8 * i + 4);
          data.writeUInt32LE(v - high * 4294967296, 8 * i);
        }
      }
    } else if (kind === "d") {
      data = Buffer.from(Float64Array.from(values, (v) => v ?? 0).buffer);
    } else if (kind === "b") {
      data = Buffer.from(values.map((v) => (v ? 1 : 0)));
    } else {
      const texts = nulls ? values.map((v) => v ?? "") : values;
      if (texts.some((v) => v.includes("\0"))) (kind = "j"), (data = Buffer.from(JSON.stringify(texts.map((v) => v.toWellFormed?.() ?? v))));
      else data = Buffer.from(texts.join("\0"));
    }
    const head = Buffer.from(kind + (nulls ? "1" : "0") + "\0\0\0\0", "latin1");
    head.writeUInt32LE(data.length, 2);
    return nulls ? [head, Buffer.from(values.map((v) => (v === null ? 0 : 1))), data] : [head, data];
  }

  let schema = null, sent = 0, total = 0;

  // Columns whose values go back as they came need not be sent: it is enough to say so.
  // That holds for the types below, which come back as those on the right.
  const returns = new Map(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"].map((t) => [t, "BIGINT"]));
  returns.set("FLOAT", "DOUBLE").set("DOUBLE", "DOUBLE");
  for (const t of ["BOOLEAN", "VARCHAR", ...Object.keys(patterns)]) returns.set(t, t);
  let returned = new Map(inputs.filter((c) => returns.has(c.type) || c.type.startsWith("DECIMAL")).map((c) => [c.name, []]));

  function asItCame(key, values) {
    const came = returned.get(key);
    if (!came || values.length !== total || came.length !== total) return false;
    let any = false;
    for (let i = 0; i < total; i++) {
      if (values[i] !== came[i] || Object.is(values[i], -0) !== Object.is(came[i], -0)) return false;
      any ||= values[i] !== null;
    }
    return any;
  }

  function write(names, rows, all) {
    if (!all) returned = new Map();
    const table = [], announced = [], first = sent + 1;
    for (const column of names) {
      let values = rows.map((row) => (Object.hasOwn(row, column) ? row[column] : null) ?? null);
      if (asItCame(column, values)) {
        announced.push({ name: column, type: returns.get(known.get(column)) ?? known.get(column), kind: "=" });
        continue;
      }
      const seen = new Set();
      for (let i = 0; i < values.length; i++) {
        const v = values[i];
        if (v === null) continue;
        if (v !== v || (v instanceof Date && isNaN(v))) values[i] = null;
        else seen.add(kindOf(v));
      }
      const [type, kind, text] = typed(column, values, seen, first);
      if (text !== null) values = values.map((v) => (v === null ? null : text(v)));
      table.push({ kind, values, nulls: values.includes(null) });
      announced.push({ name: column, type, kind });
    }
    returned = new Map();
    if (JSON.stringify(announced) !== schema) {
      tell("C", announced);
      schema = JSON.stringify(announced);
    }
    for (let lo = 0; lo < rows.length; lo += 10000) part(table, lo, Math.min(lo + 10000, rows.length), first);
    sent += rows.length;
  }

  function part(table, lo, hi, first) {
    const count = Buffer.alloc(4);
    count.writeUInt32LE(hi - lo);
    const payload = Buffer.concat([count, ...table.flatMap(({ kind, values, nulls }) => block(kind, values.slice(lo, hi), nulls))]);
    if (payload.length > 32 * 2 ** 20 && hi - lo > 1) {
      const middle = (lo + hi) >> 1;
      part(table, lo, middle, first);
      part(table, middle, hi, first);
    } else if (payload.length > most) throw new Wrong(`row ${first + lo} is larger than 512 MB`);
    else send("F", payload);
  }

  const isRow = (row) => typeof row === "object" && row !== null && !Array.isArray(row);

  function listed(rows, what) {
    if (typeof rows !== "object" || rows === null || typeof rows[Symbol.iterator] !== "function") throw new Wrong(`${what} must be a list of objects, not ${a(rows)}`);
    const list = Array.from(rows), bad = list.findIndex((row) => !isRow(row));
    if (bad >= 0) throw new Wrong(`row ${bad + 1} of ${what} is ${a(list[bad])} and not an object`);
    return list;
  }

  function namesOf(rows) {
    const names = new Set();
    for (const row of rows) for (const key in row) if (Object.hasOwn(row, key)) names.add(key);
    return names;
  }

  function result(out) {
    let names = null, rows;
    if (out === preset && out.columns === columns && columns.join("\0") === inputs.map((c) => c.name).join("\0")) rows = listed(out.rows, "rows");
    else if (isRow(out)) {
      if (!("rows" in out)) throw new Wrong('output_data has no "rows": it must be {columns: [...], rows: [...]}');
      if (out.columns !== undefined && out.columns !== null) {
        if (!Array.isArray(out.columns)) throw new Wrong(`output_data.columns must be a list of names, not ${a(out.columns)}`);
        names = out.columns.map(String);
      }
      rows = listed(out.rows, "output_data.rows");
    } else rows = listed(out, "output_data");
    if (names === null || (names.length === 0 && rows.length > 0)) {
      const present = namesOf(rows);
      names = [...[...known.keys()].filter((n) => present.has(n) || rows.length === 0), ...[...present].filter((n) => !known.has(n))];
    }
    write(names, rows, true);
  }

  // --- the script ---

  const emitted = { rows: [], columns: null, used: false };
  function flush() {
    write(emitted.columns ?? [...namesOf(emitted.rows)], emitted.rows, false);
    emitted.rows = [];
  }
  function begin_emit(columns) {
    emitted.columns = Array.from(columns, String);
    emitted.used = true;
  }
  function emit(row) {
    if (!isRow(row)) throw new TypeError(`emit takes an object, not ${a(row)}`);
    emitted.used = true;
    if (emitted.rows.push(row) === 10000) flush();
  }

  let ran = false;
  function end(error) {
    if (error instanceof Wrong) tell("E", { code: "bad_result", message: error.message.slice(0, 4000), line: 0, text: "" });
    else {
      const words = error instanceof Error ? `${error.name}: ${error.message}` : "thrown: " + toText(error ?? null);
      const line = Number(/(?:^|[( ])script:(\d+)/m.exec(error?.stack ?? "")?.[1] ?? 0);
      tell("E", { code: "script_failed", message: words.slice(0, 4000), line, text: (job.script.split("\n")[line - 1] ?? "").trim().slice(0, 200), ran });
    }
    process.reallyExit(0);
  }

  const columns = inputs.map((c) => c.name), rows = [];
  const preset = { columns, rows };
  process.on("uncaughtException", end);
  process.on("beforeExit", () => {
    try {
      const out = vm.runInThisContext("output_data");
      if (emitted.used) {
        if (out !== preset) throw new Wrong("the script has called emit and has set output_data: a result comes one way or the other");
        flush();
      } else if (out === null || out === undefined) throw new Wrong(`output_data is ${out}: it must be {columns: [...], rows: [...]}`);
      else result(out);
      tell("D", { rows: sent });
    } catch (error) {
      end(error);
    }
    process.reallyExit(0);
  });
  for (let n; (n = exactly(4).readUInt32LE(0)) > 0; total += n) {
    const values = inputs.map((_, i) => columnIn(i, n));
    for (const row of make(values, n)) rows.push(row);
    inputs.forEach((c, i) => {
      const kept = returned.get(c.name);
      if (kept) for (const v of values[i]) kept.push(v);
    });
  }
  buffered = Buffer.alloc(0);
  process.exit = (code) => (code ? end(new Wrong(`the script ended itself: ${code}`)) : process.emit("beforeExit", 0));
  Object.assign(globalThis, {
    rows, columns, config: job.config, params: job.params, parameters: job.parameters, output_data: preset, emit, begin_emit,
    require: createRequire(path.join(process.cwd(), "script.js")),
  });
  try {
    const script = new vm.Script(job.script, { filename: name });
    ran = true;
    script.runInThisContext();
  } catch (error) {
    end(error);
  }
})();
