package message

// The methods of a [Request].
const (
	MethodOpen         = "open"
	MethodLoad         = "load"
	MethodPredict      = "predict"
	MethodPreprocess   = "preprocess"
	MethodRun          = "run"
	MethodFromONNX     = "fromONNX"
	MethodDispose      = "dispose"
	MethodCacheList    = "cache.list"
	MethodCacheRefresh = "cache.refresh"
	MethodCacheEvict   = "cache.evict"
	MethodCacheStats   = "cache.stats"
	MethodIndex        = "index"
	MethodCancel       = "cancel"
)
