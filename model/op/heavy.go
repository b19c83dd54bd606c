package op

// heavy lists the operators whose work is not bounded by a few times what they
// read and write: products sum over dimensions that show in neither, a recurrence
// or loop may go round as often as a number in the file says. A dozen elements
// can ask for minutes (an Einsum of ten vectors into a scalar), so that nobody
// computes these before a run, not even on small constants. None of them steers
// shapes.
var heavy = map[string]bool{
	"AffineGrid": true, "Attention": true, "Conv": true, "ConvInteger": true, "ConvTranspose": true, "DFT": true, "DeformConv": true,
	"Det": true, "Einsum": true, "GRU": true, "Gemm": true, "GridSample": true, "LSTM": true, "LpPool": true, "Loop": true,
	"AveragePool": true, "MaxPool": true, "MatMul": true, "MatMulInteger": true, "NonMaxSuppression": true, "QLinearConv": true,
	"QLinearMatMul": true, "RNN": true, "Resize": true, "STFT": true, "Scan": true, "SequenceMap": true,
	"StringNormalizer": true, "TfIdfVectorizer": true, "TreeEnsemble": true, "TreeEnsembleClassifier": true,
	"TreeEnsembleRegressor": true, "SVMClassifier": true, "SVMRegressor": true,
}

// Heavy reports whether an operator, by its type, may take long even for small
// inputs and outputs; see the table.
func Heavy(typ string) bool { return heavy[typ] }
