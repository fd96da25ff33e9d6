// Package storagetest judges stores and breaks them.
//
// Run is the conformance suite: it checks one promise of the comment on storage.Store per subtest, and every backend's
// tests call it. Random compares a store with a map over a random sequence of operations, and reproduces a failure from its
// seed. Faulty wraps a store and makes chosen calls fail, lie or hang, to see what the code above makes of it: its Modes are the
// ways of failing, a Fault is one of them for the call number N.
//
//	func TestConformance(t *testing.T) {
//		storagetest.Run(t, func(t storagetest.T) storage.Store { return mem.New() }, nil)
//	}
//
// The suite is itself tested, with stores that each break one promise. It cannot see what a loss of power would take.
package storagetest
