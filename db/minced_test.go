package db

import (
	"math/rand/v2"

	"github.com/datolite/datolite/index"
)

// Minced returns options with small parts of any size, and with apart those of a Conn whose snapshots pin nothing.
func Minced(rng *rand.Rand, apart bool) (each func(Options) Options) {
	log := logSizes{chunk: 1 << rng.IntN(12), fan: 2 + rng.IntN(4), epoch: 1 + rng.IntN(12), kept: 1}
	return func(o Options) Options {
		o.sizes = index.Sizes{Leaf: 1 + rng.IntN(60), Block: 1 + rng.IntN(20), Level: 1 + rng.IntN(60), Ratio: 2 + rng.IntN(4)}
		o.log, o.apart, o.Cache = log, apart, 1<<rng.IntN(20)
		return o
	}
}

// MincedRestore returns options with the sizes of a database that is opened with others.
func MincedRestore(like Options, o RestoreOptions) RestoreOptions {
	o.log, o.sizes = like.log, like.sizes
	return o
}
