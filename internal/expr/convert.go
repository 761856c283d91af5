package expr

import "slices"

// This file brings values to one type, where they are chosen among, compared
// or handed to a function.

// common returns the type into which values of types a and b both fit.
func common(a, b Type) (Type, bool) {
	switch {
	case a.Kind == Null:
		return b, true
	case b.Kind == Null:
		return a, true
	case a.Number() && b.Number():
		return commonNumber(a, b), true
	case a.Kind == Text || b.Kind == Text:
		return Type{Kind: Text}, true
	case a.moment() && b.moment():
		if a == b {
			return a, true
		}
		return Type{Kind: max(a.Kind, b.Kind)}, true // a date beside a timestamp becomes one
	case a.Kind == Other:
		return a, a.name == b.name
	}
	return a, a.Kind == b.Kind
}

func commonNumber(a, b Type) Type {
	whole, scale := max(a.whole, b.whole), max(a.scale, b.scale)
	switch {
	case a.Kind == Double || b.Kind == Double || !exact(a, b):
		return Type{Kind: Double}
	case a.Kind == Decimal || b.Kind == Decimal:
		return Type{Kind: Decimal, whole: whole, scale: scale}
	case whole >= beyond && a.name != b.name:
		return Type{Kind: Double}
	case whole == ubigint && a.name != b.name:
		whole = hugeint
	}
	return Type{Kind: Integer, whole: whole}
}

// unify converts values of which one is chosen to a type that all fit into.
// Text literals become what stands beside them if they can, as in
// coalesce(day, '2024-01-31'); else everything becomes text.
func (c *compiler) unify(vs []value) ([]value, Type, error) {
	var typ Type
	for _, v := range vs {
		if v.lit == litText {
			continue
		}
		wider, ok := common(typ, v.typ)
		if !ok {
			return nil, typ, c.errorf(v.pos, "this is %s, but what it is chosen with is %s", v.typ, typ)
		}
		typ = wider
	}
	fitted, typ := readAll(vs, typ)
	for i, v := range fitted {
		switch {
		case typ.Kind == Text && !v.null():
			fitted[i] = asText(vs[i])
		case typ.Kind == Double:
			fitted[i] = asDouble(v)
		case v.typ.name == nanoseconds && typ.name != nanoseconds:
			fitted[i] = cast(v, "TIMESTAMP", Timestamp)
		}
	}
	return fitted, typ, nil
}

// readAll reads the text literals among values as a type, and returns the type
// that they make of it: Text if one cannot be read.
func readAll(vs []value, typ Type) ([]value, Type) {
	fitted := slices.Clone(vs)
	for i, v := range vs {
		if v.lit != litText {
			continue
		}
		read, ok := literal(v.raw, typ)
		if !ok || typ.Kind == Null {
			typ = Type{Kind: Text}
			continue
		}
		fitted[i] = read
		typ, _ = common(typ, read.typ)
	}
	return fitted, typ
}

func cast(v value, sql string, kind Kind) value {
	return value{sql: "CAST(" + v.sql + " AS " + sql + ")", typ: Type{Kind: kind}, atom: true, pos: v.pos}
}

// tryCast is cast with null for what cannot be converted.
func tryCast(v value, sql string, kind Kind) value {
	v = cast(v, sql, kind)
	v.sql = "TRY_" + v.sql
	return v
}

// asText returns v as text. A literal becomes its text as the person wrote it,
// so that 00123 stays 00123.
func asText(v value) value {
	switch {
	case v.typ.Kind == Text:
		return v
	case v.lit == litNumber || v.lit == litBoolean:
		pos := v.pos
		v, _ = literal(v.raw, Type{Kind: Text})
		v.pos = pos
		return v
	}
	return cast(v, "VARCHAR", Text)
}

func asDouble(v value) value {
	if v.typ.Kind == Double {
		return v
	}
	return cast(v, "DOUBLE", Double)
}

// asBigint returns a number as a BIGINT, rounded; null if it does not fit.
func asBigint(v value) value {
	if v.typ.Kind == Integer && v.typ.whole <= bigint {
		return v
	}
	v = tryCast(v, "BIGINT", Integer)
	v.typ.whole = bigint
	return v
}

// read converts a text literal to a type, or says that it cannot be.
func (c *compiler) read(v value, typ Type) (value, error) {
	read, ok := literal(v.raw, typ)
	if ok {
		read.pos = v.pos
		return read, nil
	}
	if v.word != nil {
		return v, v.word
	}
	hint := ""
	if typ.moment() {
		hint = ", which is written '2024-01-31' or '2024-01-31 15:04:05'"
	}
	return v, c.errorf(v.pos, "%q is not %s%s", v.raw, typ, hint)
}
