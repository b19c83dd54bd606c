package token

// slot is a place in what the model sees: fixed tokens, or one of the texts.
type slot struct {
	ids  []int32 // nil: a text
	text int     // 0 or 1
	kind int64   // the type of all tokens in it
}

// template says what stands around one text, and around two.
type template struct{ single, pair []slot }

// plain is the template of a file without one.
func plain() template {
	return template{[]slot{{text: 0}}, []slot{{text: 0}, {text: 1, kind: 1}}}
}

// fixed counts the tokens of a template that are always there.
func fixed(slots []slot) (n int) {
	for _, s := range slots {
		n += len(s.ids)
	}
	return n
}

// template reads the post-processor.
func (r *reader) template(n node) (template, error) {
	switch n.name() {
	case "":
		if n.null() {
			return plain(), nil
		}
	case "ByteLevel": // changes offsets only
		return plain(), nil
	case "BertProcessing":
		cls, sep, err := r.ends(n)
		return template{
			single: []slot{{ids: cls}, {text: 0}, {ids: sep}},
			pair:   []slot{{ids: cls}, {text: 0}, {ids: sep}, {text: 1, kind: 1}, {ids: sep, kind: 1}},
		}, err
	case "RobertaProcessing":
		cls, sep, err := r.ends(n)
		return template{
			single: []slot{{ids: cls}, {text: 0}, {ids: sep}},
			pair:   []slot{{ids: cls}, {text: 0}, {ids: sep}, {ids: sep}, {text: 1}, {ids: sep}},
		}, err
	case "TemplateProcessing":
		return r.templateSlots(n)
	case "Sequence":
		return r.templates(n)
	}
	return template{}, unsupported(n.at, n.name())
}

// templates reads a sequence, of which at most one may add tokens.
func (r *reader) templates(n node) (template, error) {
	t, made := plain(), false
	for _, item := range n.get("processors").items {
		if item.name() == "ByteLevel" {
			continue
		}
		if made {
			return t, unsupported(item.at, "a second "+item.name())
		}
		var err error
		if t, err = r.template(item); err != nil {
			return t, err
		}
		made = true
	}
	return t, nil
}

// ends reads ["[CLS]", 101] and ["[SEP]", 102].
func (r *reader) ends(n node) (cls, sep []int32, err error) {
	read := func(n node) (ids []int32) {
		if len(n.items) != 2 && err == nil {
			err = invalid(n.at, "wants a token and its number")
		}
		if err == nil {
			var id int
			id, err = n.items[1].whole(maxVocab)
			ids = []int32{int32(id)}
		}
		return ids
	}
	return read(n.get("cls")), read(n.get("sep")), err
}

func (r *reader) templateSlots(n node) (t template, err error) {
	if t.single, err = r.slots(n.get("single"), n.get("special_tokens"), 1); err != nil {
		return t, err
	}
	if n.get("pair").null() {
		return t, nil
	}
	t.pair, err = r.slots(n.get("pair"), n.get("special_tokens"), 2)
	return t, err
}

// slots reads one template for so many texts.
func (r *reader) slots(n, special node, texts int) ([]slot, error) {
	var out []slot
	seen := map[int]bool{}
	for _, item := range n.items {
		s := slot{text: -1}
		part := item.get("Sequence")
		switch id := part.get("id").text; {
		case !part.null() && id == "A":
			s.text = 0
		case !part.null() && id == "B" && texts == 2:
			s.text = 1
		default:
			part = item.get("SpecialToken")
			known := special.get(part.get("id").text).get("ids")
			if part.null() || len(known.items) == 0 {
				return nil, invalid(item.at, "is neither a text nor one of special_tokens")
			}
			for _, v := range known.items {
				id, err := v.whole(maxVocab)
				if err != nil {
					return nil, err
				}
				s.ids = append(s.ids, int32(id))
			}
		}
		kind, err := part.get("type_id").whole(1 << 10)
		if err != nil {
			return nil, err
		}
		s.kind = int64(kind)
		seen[s.text] = true
		out = append(out, s)
	}
	for i := range texts {
		if !seen[i] {
			return nil, invalid(n.at, "does not hold every text")
		}
	}
	return out, nil
}
