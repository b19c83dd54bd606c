package main

import (
	"context"

	"larder/cache"
	"larder/wasm/message"
)

// method answers one kind of request.
type method func(*server, context.Context, call) (result, error)

// methods is everything a page can ask for, save cancel, which is no request of
// its own.
var methods = map[string]method{
	message.MethodOpen:          (*server).open,
	message.MethodLoad:          (*server).load,
	message.MethodFromONNX:      (*server).fromONNX,
	message.MethodPredict:       (*server).predict,
	message.MethodPreprocess:    (*server).preprocess,
	message.MethodRun:           (*server).run,
	message.MethodDispose:       (*server).dispose,
	message.MethodCacheList:     (*server).cacheList,
	message.MethodCacheRefresh:  refreshing((*cache.Cache).Refresh),
	message.MethodCacheRenew:    refreshing((*cache.Cache).Renew),
	message.MethodCacheEvict:    (*server).cacheEvict,
	message.MethodCacheStats:    (*server).cacheStats,
	message.MethodCachePrefetch: (*server).cachePrefetch,
	message.MethodCachePin:      (*server).cachePin,
	message.MethodCacheVerify:   (*server).cacheVerify,
	message.MethodCacheRollback: (*server).cacheRollback,
	message.MethodCacheExport:   (*server).cacheExport,
	message.MethodCacheImport:   (*server).cacheImport,
	message.MethodCacheShrink:   (*server).shrink,
	message.MethodCacheListen:   (*server).cacheListen,
	message.MethodCacheFlush:    (*server).cacheFlush,
	message.MethodIndex:         (*server).index,
}
