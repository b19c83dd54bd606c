package main

import (
	"context"

	"larder/wasm/message"
)

// methods is everything a page can ask for, save cancel, which is no request of
// its own.
var methods = map[string]func(*server, context.Context, call) (result, error){
	message.MethodOpen:          (*server).open,
	message.MethodLoad:          (*server).load,
	message.MethodFromONNX:      (*server).fromONNX,
	message.MethodPredict:       (*server).predict,
	message.MethodPreprocess:    (*server).preprocess,
	message.MethodRun:           (*server).run,
	message.MethodDispose:       (*server).dispose,
	message.MethodCacheList:     (*server).cacheList,
	message.MethodCacheRefresh:  (*server).cacheRefresh,
	message.MethodCacheEvict:    (*server).cacheEvict,
	message.MethodCacheStats:    (*server).cacheStats,
	message.MethodCachePrefetch: (*server).cachePrefetch,
	message.MethodCachePin:      (*server).cachePin,
	message.MethodCacheVerify:   (*server).cacheVerify,
	message.MethodCacheRollback: (*server).cacheRollback,
	message.MethodCacheExport:   (*server).cacheExport,
	message.MethodCacheImport:   (*server).cacheImport,
	message.MethodCacheShrink:   (*server).shrink,
	message.MethodIndex:         (*server).index,
}
