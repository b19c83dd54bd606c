// Package filestore is the store in a directory, for the command line and other
// programs outside the browser.
//
//	chunks/<sha256 in hexadecimal>   one file for each chunk
//	state.json                       all records and pointers
//	documents/<sha256 of the key>    JSON, one file for each document
//	tmp/                             files that are being written
//	lock                             advisory lock of the processes that use the directory
//
// Every file is written beside its place and renamed into it, so that a crash leaves the
// old file or the new one; all but chunks are flushed to the disk before, so that a loss of
// power does too. Commit flushes the chunks that it names, several at a time, before the
// record says that they are there. Records and
// pointers share one file for this reason: renaming it is the transaction of Commit.
// A state.json that cannot be read counts as empty, a record in it that breaks its
// form as not stored; both are fetched again. One that a newer Larder has written is
// refused with the code Blocked, and nothing is touched.
//
// A full disk gives the code Quota. Processes that share the directory take turns by
// flock on Unix; elsewhere one process at a time may use it.
package filestore
