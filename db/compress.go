package db

import (
	"math"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// compressors are shared: they keep nothing from one value to the next. One is quick, the other makes smaller.
var compressors = sync.OnceValue(func() (c struct {
	quick, small *zstd.Encoder
	decoder      *zstd.Decoder
}) {
	c.quick, c.small = newEncoder(zstd.SpeedFastest), newEncoder(zstd.SpeedDefault)
	c.decoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(math.MaxInt32))
	return c
})

func newEncoder(level zstd.EncoderLevel) *zstd.Encoder {
	e, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderCRC(false))
	return e
}

// compressed returns content as an encoder makes it, if that is an eighth smaller at least, and else as it is.
func compressed(with *zstd.Encoder, content []byte) (stored []byte, is bool) {
	if small := with.EncodeAll(content, nil); 8*len(small) < 7*len(content) {
		return small, true
	}
	return content, false
}
