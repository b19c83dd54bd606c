package token

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tokenizers cut text by regular expressions of a backtracking kind: they look
// ahead, and some quantifiers never give back. Go's package regexp has neither,
// so this is a matcher of its own for the syntax that such files use. What it
// does not know is refused when the file is read.

// span is a part of a text, in bytes.
type span struct{ start, end int }

// matchSteps bounds the work of one search for each byte of the text: patterns in
// use need less than 20.
const matchSteps = 200

// matcher tries to match s from i on and calls on with every end that it finds,
// until one is accepted.
type matcher func(m *match, i int, on func(end int) bool) bool

// match is one search.
type match struct {
	text  string
	steps int
}

// pattern is a compiled expression.
type pattern struct{ run matcher }

// all returns the matches in text from left to right. Empty ones are left out.
func (p *pattern) all(text string) ([]span, error) {
	m := &match{text, matchSteps * (len(text) + 1)}
	var spans []span
	for at := 0; at < len(text); {
		end := -1
		p.run(m, at, func(e int) bool { end = e; return true })
		if m.steps <= 0 {
			return nil, invalid("", "a regular expression of the tokenizer takes too long for this text")
		}
		if end > at {
			spans = append(spans, span{at, end})
			at = end
			continue
		}
		_, w := utf8.DecodeRuneInString(text[at:])
		at += w
	}
	return spans, nil
}

// compile reads an expression; at is where it stands in the file.
func compile(at, expr string) (*pattern, error) {
	c := &compiler{at: at, rest: expr}
	if len(expr) > 1<<12 {
		return nil, invalid(at, "the regular expression is too long")
	}
	run, err := c.alternatives(0)
	if err == nil && c.rest != "" {
		err = c.no(")")
	}
	if err != nil {
		return nil, err
	}
	return &pattern{run}, nil
}

// compiler reads an expression from left to right.
type compiler struct {
	at, rest string
	fold     bool // inside (?i: )
}

func (c *compiler) no(what string) error {
	return unsupported(c.at, "the regular expression's "+what)
}

func (c *compiler) take(prefix string) bool {
	if !strings.HasPrefix(c.rest, prefix) {
		return false
	}
	c.rest = c.rest[len(prefix):]
	return true
}

func (c *compiler) rune() rune {
	r, w := utf8.DecodeRuneInString(c.rest)
	c.rest = c.rest[w:]
	return r
}

// alternatives reads up to a closing parenthesis or the end.
func (c *compiler) alternatives(depth int) (matcher, error) {
	if depth > maxDepth {
		return nil, invalid(c.at, "the regular expression is nested too deeply")
	}
	var all []matcher
	for {
		one, err := c.sequence(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		if !c.take("|") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return func(m *match, i int, on func(int) bool) bool {
		for _, one := range all {
			if one(m, i, on) {
				return true
			}
		}
		return false
	}, nil
}

func (c *compiler) sequence(depth int) (matcher, error) {
	var parts []matcher
	for c.rest != "" && c.rest[0] != '|' && c.rest[0] != ')' {
		isChar := c.rest[0] != '(' && c.rest[0] != '^' && c.rest[0] != '$'
		one, err := c.atom(depth)
		if err != nil {
			return nil, err
		}
		if one, err = c.quantified(one, isChar); err != nil {
			return nil, err
		}
		parts = append(parts, one)
	}
	return chain(parts), nil
}

// chain matches one after the other.
func chain(parts []matcher) matcher {
	switch len(parts) {
	case 0:
		return func(_ *match, i int, on func(int) bool) bool { return on(i) }
	case 1:
		return parts[0]
	}
	first, rest := parts[0], chain(parts[1:])
	return func(m *match, i int, on func(int) bool) bool {
		return first(m, i, func(j int) bool { return rest(m, j, on) })
	}
}

// atom reads a group, a class, an escape or a character.
func (c *compiler) atom(depth int) (matcher, error) {
	switch {
	case c.take("(?!"):
		return c.look(depth, false)
	case c.take("(?="):
		return c.look(depth, true)
	case c.take("(?i:"):
		was := c.fold
		c.fold = true
		one, err := c.group(depth)
		c.fold = was
		return one, err
	case c.take("(?:"):
		return c.group(depth)
	case strings.HasPrefix(c.rest, "(?"):
		return nil, c.no(c.rest[:min(4, len(c.rest))])
	case c.take("("):
		return c.group(depth)
	case c.take("["):
		is, err := c.class()
		return single(is), err
	case c.take("^"):
		return edge(func(m *match, i int) bool { return i == 0 }), nil
	case c.take("$"):
		return edge(func(m *match, i int) bool { return i == len(m.text) }), nil
	case c.take("."):
		return single(func(r rune) bool { return r != '\n' }), nil
	case strings.IndexByte("*+?{", c.rest[0]) >= 0:
		return nil, c.no(c.rest[:1])
	}
	is, err := c.char()
	return single(is), err
}

func (c *compiler) group(depth int) (matcher, error) {
	one, err := c.alternatives(depth + 1)
	if err == nil && !c.take(")") {
		err = c.no("open (")
	}
	return one, err
}

func (c *compiler) look(depth int, want bool) (matcher, error) {
	one, err := c.group(depth)
	return edge(func(m *match, i int) bool {
		return one(m, i, func(int) bool { return true }) == want
	}), err
}

// edge matches nothing where a condition holds.
func edge(holds func(m *match, i int) bool) matcher {
	return func(m *match, i int, on func(int) bool) bool { return holds(m, i) && on(i) }
}

// single matches one character.
func single(is func(rune) bool) matcher {
	return func(m *match, i int, on func(int) bool) bool {
		if m.steps--; m.steps <= 0 || i >= len(m.text) {
			return false
		}
		r, w := utf8.DecodeRuneInString(m.text[i:])
		return is(r) && on(i+w)
	}
}

// unbounded is the most repetitions of * and +.
const unbounded = 1 << 30

// quantified reads the quantifier behind an atom, if there is one.
func (c *compiler) quantified(one matcher, isChar bool) (matcher, error) {
	least, most := 1, 1
	switch {
	case c.take("*"):
		least, most = 0, unbounded
	case c.take("+"):
		most = unbounded
	case c.take("?"):
		least = 0
	case c.take("{"):
		body, rest, ok := strings.Cut(c.rest, "}")
		low, high, ranged := strings.Cut(body, ",")
		var err1, err2 error
		least, err1 = strconv.Atoi(low)
		if most = least; ranged {
			if most = unbounded; high != "" {
				most, err2 = strconv.Atoi(high)
			}
		}
		if !ok || err1 != nil || err2 != nil || least < 0 || most < least || least > 1<<10 {
			return nil, c.no("{" + body)
		}
		c.rest = rest
	default:
		return one, nil
	}
	greedy := repeatGroup
	if isChar {
		greedy = repeat
	}
	switch {
	case c.take("+"):
		return possessive(greedy(one, least, most)), nil
	case c.take("?"):
		return lazyGroup(one, least, most), nil
	}
	return greedy(one, least, most), nil
}

// repeat matches as often as it can, and then less often. An atom of one
// character has one way to match, so that its ends fit on a stack: runs are as
// long as the text.
func repeat(one matcher, least, most int) matcher {
	return func(m *match, i int, on func(int) bool) bool {
		ends := []int{i}
		for len(ends) <= most {
			next := -1
			if !one(m, ends[len(ends)-1], func(e int) bool { next = e; return true }) {
				break
			}
			ends = append(ends, next)
		}
		for n := len(ends) - 1; n >= least; n-- {
			if m.steps--; m.steps <= 0 {
				return false
			}
			if on(ends[n]) {
				return true
			}
		}
		return false
	}
}

// maxGroups bounds how often a group is repeated: each time is a nested call.
const maxGroups = 1 << 12

// repeatGroup is repeat for an atom that may match in several ways.
func repeatGroup(one matcher, least, most int) matcher {
	var from func(m *match, n, i int, on func(int) bool) bool
	from = func(m *match, n, i int, on func(int) bool) bool {
		if m.steps--; m.steps <= 0 || n > maxGroups {
			m.steps = 0
			return false
		}
		if n < most && one(m, i, func(e int) bool { return e > i && from(m, n+1, e, on) }) {
			return true
		}
		return n >= least && on(i)
	}
	return func(m *match, i int, on func(int) bool) bool { return from(m, 0, i, on) }
}

// lazyGroup matches as rarely as it can, and then more often.
func lazyGroup(one matcher, least, most int) matcher {
	var from func(m *match, n, i int, on func(int) bool) bool
	from = func(m *match, n, i int, on func(int) bool) bool {
		if m.steps--; m.steps <= 0 || n > maxGroups {
			m.steps = 0
			return false
		}
		if n >= least && on(i) {
			return true
		}
		return n < most && one(m, i, func(e int) bool { return e > i && from(m, n+1, e, on) })
	}
	return func(m *match, i int, on func(int) bool) bool { return from(m, 0, i, on) }
}

// possessive takes the first way to match and no other.
func possessive(one matcher) matcher {
	return func(m *match, i int, on func(int) bool) bool {
		end := -1
		return one(m, i, func(e int) bool { end = e; return true }) && on(end)
	}
}

// char reads an escape or a plain character.
func (c *compiler) char() (func(rune) bool, error) {
	if !c.take(`\`) {
		r := c.rune()
		if c.fold {
			// Every simple folding of r, such as K, k and the Kelvin sign.
			return func(x rune) bool {
				for f := unicode.SimpleFold(r); ; f = unicode.SimpleFold(f) {
					if f == x || f == r {
						return x == f
					}
				}
			}, nil
		}
		return func(x rune) bool { return x == r }, nil
	}
	return c.escape()
}

// escape reads what follows a backslash.
func (c *compiler) escape() (func(rune) bool, error) {
	if c.rest == "" {
		return nil, c.no(`\ at the end`)
	}
	switch r := c.rune(); r {
	case 's':
		return unicode.IsSpace, nil
	case 'S':
		return not(unicode.IsSpace), nil
	case 'd':
		return in(unicode.Nd), nil
	case 'D':
		return not(in(unicode.Nd)), nil
	case 'w':
		return isWord, nil
	case 'W':
		return not(isWord), nil
	case 'p', 'P':
		is, err := c.property()
		if r == 'P' {
			is = not(is)
		}
		return is, err
	case 'n', 'r', 't', 'f', 'v':
		to := map[rune]rune{'n': '\n', 'r': '\r', 't': '\t', 'f': '\f', 'v': '\v'}[r]
		return func(x rune) bool { return x == to }, nil
	case 'u', 'x':
		return c.code(r)
	default:
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return nil, c.no(`\` + string(r))
		}
		return func(x rune) bool { return x == r }, nil
	}
}

// code reads a character's number: \uXXXX, \xXX, \x{…}.
func (c *compiler) code(kind rune) (func(rune) bool, error) {
	digits := ""
	if c.take("{") {
		var ok bool
		if digits, c.rest, ok = strings.Cut(c.rest, "}"); !ok {
			return nil, c.no("open {")
		}
	} else {
		n := 2
		if kind == 'u' {
			n = 4
		}
		n = min(n, len(c.rest))
		digits, c.rest = c.rest[:n], c.rest[n:]
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || v > unicode.MaxRune {
		return nil, c.no(`\` + string(kind) + digits)
	}
	return func(x rune) bool { return x == rune(v) }, nil
}

func in(tables ...*unicode.RangeTable) func(rune) bool {
	return func(r rune) bool { return unicode.In(r, tables...) }
}

func not(is func(rune) bool) func(rune) bool { return func(r rune) bool { return !is(r) } }

// property reads what follows \p. The list is not all of Unicode's: each table
// that is named here is part of every program.
func (c *compiler) property() (func(rune) bool, error) {
	name := ""
	if c.take("{") {
		var ok bool
		if name, c.rest, ok = strings.Cut(c.rest, "}"); !ok {
			return nil, c.no("open {")
		}
	} else if c.rest != "" {
		name = string(c.rune())
	}
	switch name {
	case "L", "Letter":
		return unicode.IsLetter, nil
	case "Lu":
		return unicode.IsUpper, nil
	case "Ll":
		return unicode.IsLower, nil
	case "Lt":
		return in(unicode.Lt), nil
	case "Lm":
		return in(unicode.Lm), nil
	case "Lo":
		return in(unicode.Lo), nil
	case "M":
		return in(unicode.M), nil
	case "Mn":
		return in(unicode.Mn), nil
	case "N":
		return unicode.IsNumber, nil
	case "Nd":
		return in(unicode.Nd), nil
	case "P", "Punct":
		return unicode.IsPunct, nil
	case "S":
		return unicode.IsSymbol, nil
	case "Z":
		return in(unicode.Z), nil
	case "Zs":
		return in(unicode.Zs), nil
	case "Han":
		return in(unicode.Han), nil
	case "Hiragana":
		return in(unicode.Hiragana), nil
	case "Katakana":
		return in(unicode.Katakana), nil
	}
	return nil, c.no(`\p{` + name + "}")
}

// class reads what stands between brackets.
func (c *compiler) class() (func(rune) bool, error) {
	negated := c.take("^")
	var parts []func(rune) bool
	for first := true; first || !c.take("]"); first = false {
		if c.rest == "" {
			return nil, c.no("open [")
		}
		if strings.HasPrefix(c.rest, "[") || strings.HasPrefix(c.rest, "&&") {
			return nil, c.no("nested class")
		}
		is, err := c.classPart()
		if err != nil {
			return nil, err
		}
		parts = append(parts, is)
	}
	return func(r rune) bool {
		for _, is := range parts {
			if is(r) {
				return !negated
			}
		}
		return negated
	}, nil
}

// classPart reads a character, an escape, or a range of characters.
func (c *compiler) classPart() (func(rune) bool, error) {
	if strings.HasPrefix(c.rest, `\`) {
		return c.char()
	}
	low, w := utf8.DecodeRuneInString(c.rest)
	if rest := c.rest[w:]; len(rest) > 1 && rest[0] == '-' && rest[1] != ']' && rest[1] != '\\' && !c.fold {
		c.rest = rest[1:]
		high := c.rune()
		return func(r rune) bool { return r >= low && r <= high }, nil
	}
	return c.char()
}
