package storagetest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

func init() { slow = time.Second / 2 } // broken stores make the suite wait

// A recorder is a T that keeps failures instead of failing.
type recorder struct {
	*testing.T
	mu       sync.Mutex
	failures []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// Broken returns how the suite reports that the store which open makes breaks the named promise.
func Broken(t *testing.T, name string, open Open, reopen Reopen) []string {
	for _, p := range promises {
		if p.name == name {
			r := &recorder{T: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				p.check(r, open, reopen)
			}()
			<-done
			return r.failures
		}
	}
	t.Fatalf("no promise is called %s", name)
	return nil
}

// Promises returns the names of the promises that the suite checks.
func Promises() (names []string) {
	for _, p := range promises {
		names = append(names, p.name)
	}
	return names
}
