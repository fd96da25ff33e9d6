//go:build amd64 || arm64

package bolt

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// A recording is what the kernel was asked to do to the files of a folder, in order.
//
// It is faithful because the kernel itself tells: a seccomp filter on the thread that uses the store hands every call which
// changes a file, its size, its name or its durability to the recording, and lets it happen afterwards. bbolt writes and syncs on
// the goroutine that commits, so that one thread makes all these calls. What a filter cannot hand over is writing into mapped
// memory: bbolt maps its files for reading alone, which mappedForReading sees. And whatever else might have been missed shows in
// the end, when the files must be what the recorded calls make of them.
type recording struct {
	folder string
	memory *os.File // of this process

	mu     sync.Mutex
	events []event
	err    error // why the recording is not to be relied on
}

// An event is a call, or the begin or end of an operation of the store.
type event struct {
	kind    eventKind
	name    string // of the file; for link and rename, the old one
	newName string // of a link or rename
	at      int64  // where data is written; for truncate, the size
	data    []byte
	op      *operation
}

type eventKind int

const (
	write eventKind = iota
	truncate
	syncFile
	create
	link
	rename
	unlink
	syncNames // of the folder
	begin     // of an operation
	end
)

// handed are the calls that the filter hands over. Those of the runtime's own are not among them, so that it cannot wait for itself.
var handed = []uint32{syscall.SYS_PWRITE64, syscall.SYS_FTRUNCATE, syscall.SYS_FDATASYNC, syscall.SYS_FSYNC, syscall.SYS_OPENAT,
	syscall.SYS_LINKAT, syscall.SYS_UNLINKAT, syscall.SYS_RENAMEAT, syscall.SYS_PWRITEV, syscall.SYS_WRITEV, syscall.SYS_FALLOCATE}

// recorded runs work on a thread of its own, and returns what that asked of the kernel concerning folder. It skips the test where
// the kernel does not tell.
func recorded(t *testing.T, folder string, work func(r *recording) error) *recording {
	t.Helper()
	memory, err := os.Open("/proc/self/mem")
	check(t, err)
	r := &recording{folder: folder, memory: memory}
	listener, done := make(chan int, 1), make(chan struct{})
	var failed error
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread ends with the goroutine, and the filter with it
		fd, err := handOver()
		listener <- fd
		if failed = err; err == nil {
			failed = work(r)
		}
	}()
	fd := <-listener
	r.listen(fd, done)
	<-done
	if fd < 0 {
		t.Skipf("the kernel does not hand over system calls: %v", failed)
	}
	check(t, failed, r.err, syscall.Close(fd), memory.Close())
	return r
}

// A filter is an instruction of the kernel's packet filter, and a program some of them.
type filter struct {
	code uint16
	jt   uint8
	_    uint8
	k    uint32
}
type program struct {
	n      uint16
	filter *filter
}

// handOver installs the filter on this thread, and returns where the kernel tells of calls. See seccomp(2).
func handOver() (fd int, err error) {
	const (
		noNewPrivileges = 38
		newListener     = 8
		load, equal     = 0x20, 0x15
		ret             = 6
		allow, notify   = 0x7fff0000, 0x7fc00000
	)
	code := []filter{{code: load}} // the number of the call
	for i, nr := range handed {
		code = append(code, filter{code: equal, jt: uint8(len(handed) - i), k: nr})
	}
	code = append(code, filter{code: ret, k: allow}, filter{code: ret, k: notify})
	prog := program{uint16(len(code)), &code[0]}
	seccomp := map[string]uintptr{"amd64": 317, "arm64": 277}[runtime.GOARCH]
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, noNewPrivileges, 1, 0, 0, 0, 0); errno != 0 {
		return -1, errno
	}
	n, _, errno := syscall.RawSyscall(seccomp, 1, newListener, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// A notice tells of a call that waits.
type notice struct {
	id   uint64
	_    uint64
	nr   uint32
	_    uint32
	_    uint64
	args [6]uint64
}

// listen records the calls that fd tells of until done is closed.
func (r *recording) listen(fd int, done chan struct{}) {
	for fd >= 0 {
		ready := struct {
			fd              int32
			events, revents int16
		}{int32(fd), 1, 0}
		patience := syscall.Timespec{Nsec: 1e6}
		_, _, _ = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&ready)), 1, uintptr(unsafe.Pointer(&patience)), 0, 0, 0)
		if ready.revents&1 != 0 {
			r.take(fd)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

// take records one call, and lets it happen. A call that a signal interrupted is made, and told, again.
func (r *recording) take(fd int) {
	const receive, send, goOn = 0xc0502100, 0xc0182101, 1 << 32
	var n notice
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), receive, uintptr(unsafe.Pointer(&n))); errno != 0 {
		return
	}
	e, ours, err := r.event(n)
	r.mu.Lock()
	defer r.mu.Unlock()
	reply := [3]uint64{n.id, 0, goOn}
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), send, uintptr(unsafe.Pointer(&reply)))
	if errno == 0 && ours {
		r.events = append(r.events, e)
	}
	if r.err == nil {
		r.err = err
	}
}

// event returns what a call does to the folder, if it does anything.
func (r *recording) event(n notice) (e event, ours bool, err error) {
	path := ""
	switch n.nr {
	case syscall.SYS_OPENAT, syscall.SYS_LINKAT, syscall.SYS_UNLINKAT, syscall.SYS_RENAMEAT:
		path = r.text(n.args[1])
	default:
		path, _ = os.Readlink(filepath.Join("/proc/self/fd", strconv.FormatUint(n.args[0], 10)))
	}
	if path == r.folder && n.nr == syscall.SYS_FSYNC {
		return event{kind: syncNames}, true, nil
	}
	if filepath.Dir(path) != r.folder {
		return e, false, nil
	}
	e.name = filepath.Base(path)
	switch n.nr {
	case syscall.SYS_PWRITE64:
		e.kind, e.at, e.data = write, int64(n.args[3]), make([]byte, n.args[2])
		_, err = r.memory.ReadAt(e.data, int64(n.args[1]))
	case syscall.SYS_FTRUNCATE:
		e.kind, e.at = truncate, int64(n.args[1])
	case syscall.SYS_FDATASYNC, syscall.SYS_FSYNC:
		e.kind = syncFile
	case syscall.SYS_OPENAT:
		e.kind = create
		return e, n.args[2]&syscall.O_CREAT != 0 && !exists(path), nil
	case syscall.SYS_LINKAT:
		e.kind, e.newName = link, filepath.Base(r.text(n.args[3]))
	case syscall.SYS_RENAMEAT:
		e.kind, e.newName = rename, filepath.Base(r.text(n.args[3]))
	case syscall.SYS_UNLINKAT:
		e.kind = unlink
	default:
		err = errors.New("a call that the recording does not know changes " + path)
	}
	return e, true, err
}

// text returns the path at an address.
func (r *recording) text(address uint64) string {
	buf := make([]byte, 4096)
	n, _ := r.memory.ReadAt(buf, int64(address))
	text, _, _ := bytes.Cut(buf[:n], []byte{0})
	return string(text)
}

// note adds the begin or end of an operation.
func (r *recording) note(kind eventKind, o *operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event{kind: kind, op: o})
}

// mappedForReading fails the test if a file of the folder is mapped in another way than to read it.
func mappedForReading(t *testing.T, folder string) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	check(t, err)
	mapped := slices.DeleteFunc(strings.Split(string(maps), "\n"), func(line string) bool { return !strings.Contains(line, folder) })
	for _, line := range mapped {
		if !strings.Contains(line, " r--s ") {
			t.Errorf("a file is mapped to be changed: %s", line)
		}
	}
	if len(mapped) == 0 {
		t.Error("no file is mapped")
	}
}
