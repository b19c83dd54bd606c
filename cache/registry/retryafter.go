package registry

import (
	"errors"
	"strconv"
	"time"
)

// maxRetryAfter is the longest wait in seconds that a host may ask for between two
// attempts. Whoever asks for more is treated like one that asks for nothing: the attempts
// end soon, and what is stored serves.
const maxRetryAfter = 60

// retryAfter reads a Retry-After header: seconds (RFC 9110, section 10.2.3). Its other
// form, a date, counts as none, as does what is too long: reading dates would cost every
// page more than the few hosts that send one are worth.
func retryAfter(header string) time.Duration {
	n, err := strconv.ParseUint(header, 10, 32)
	if err != nil || n > maxRetryAfter {
		return 0
	}
	return time.Duration(n) * time.Second
}

// askedWait returns how long the host wants to be left alone after err.
func askedWait(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.wait
	}
	return 0
}
