package op

// Operators that are refused by name, so that the message says why and what to
// do instead of that nobody has written them.

var refusedOps = refusals()

// refusals lists them by reason.
func refusals() []Entry {
	const (
		codecs   = "programs in a browser hold no picture decoders: give the decoded picture as the input"
		training = "it trains; export the model for inference"
		random   = "its result is random, so the same input would not give the same answer: make it a constant"
		regex    = "a browser program would grow by a tenth for regular expressions: match outside the model"
		trainDom = previewDomain + ".training"
	)
	var list []Entry
	for _, r := range []struct {
		reason, domain string
		types          []string
	}{
		{codecs, "", []string{"ImageDecoder"}},
		{regex, "", []string{"RegexFullMatch"}},
		{random, "", []string{"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}},
		{training, trainDom, []string{"Adagrad", "Adam", "Gradient", "Momentum"}},
	} {
		for _, t := range r.types {
			list = append(list, Entry{r.domain, t, 1, func(Node) (Operator, error) {
				return nil, Unsupportedf("%s", r.reason)
			}})
		}
	}
	return list
}
