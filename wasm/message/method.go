package message

// The methods of a [Request].
const (
	MethodOpen          = "open"
	MethodLoad          = "load"
	MethodPredict       = "predict"
	MethodPreprocess    = "preprocess"
	MethodRun           = "run"
	MethodFromONNX      = "fromONNX"
	MethodDispose       = "dispose"
	MethodCacheList     = "cache.list"
	MethodCacheRefresh  = "cache.refresh"
	MethodCacheRenew    = "cache.renew"
	MethodCacheEvict    = "cache.evict"
	MethodCacheStats    = "cache.stats"
	MethodCachePin      = "cache.pin"
	MethodCacheRollback = "cache.rollback"
	MethodCacheVerify   = "cache.verify"
	MethodCacheExport   = "cache.export"
	MethodCacheImport   = "cache.import"
	MethodCachePrefetch = "cache.prefetch"
	MethodCacheShrink   = "cache.shrink"
	MethodCacheListen   = "cache.listen"
	MethodCacheFlush    = "cache.flush"
	MethodIndex         = "index"
	MethodCancel        = "cancel"
)
