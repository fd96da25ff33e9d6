// Package soak runs random tests: a few cases with fixed seeds in a plain go test, as many as time allows in a soak.
//
//	func TestRandomOrders(t *testing.T) {
//		soak.Run(t, 100, 2000, func(t *testing.T, seed int64) {
//			rng := rand.New(rand.NewPCG(uint64(seed), 0))
//			…
//		})
//	}
//
// In plain go test this runs 2,000 cases, with -short 100, each with a seed that is the same every time. The environment changes it:
//
//   - DATOLITE_SOAK=8m: the test runs for its share of eight minutes, with seeds that are new each day, and fails if that was not
//     enough for 100 cases. RunLeast goes on until so many cases ran as it is told.
//   - DATOLITE_SOAK_TESTS=40: as many random tests share that time; 20 if it is not set.
//   - DATOLITE_SEED=17: the test runs the one case of that seed. A case that fails prints the line that repeats it.
package soak
