package index

import "testing"

// TestAKeeperCountsWhatItKeeps: the bytes of the cache are those of what is in it, whoever made the same beside it, and whatever drives it out.
func TestAKeeperCountsWhatItKeeps(t *testing.T) {
	c := NewCache(8000)
	k, mine, other := Keeper{c, [32]byte{1}}, new(int), new(int)
	holds := func(what any, bytes int) {
		t.Helper()
		if got := k.Kept(); got != what || c.Stats().Bytes != bytes {
			t.Fatalf("%v is kept, want %v; %d bytes, want %d", got, what, c.Stats().Bytes, bytes)
		}
	}
	k.Keep(mine, 1001)
	holds(nil, 0)
	k.Grow(mine, 10)
	holds(nil, 0)
	k.Keep(mine, 600)
	k.Grow(mine, 50) // on trial
	holds(mine, 650)
	k.Keep(other, 500)
	k.Grow(other, 300)
	holds(mine, 650)
	k.Grow(mine, 100) // kept for good
	holds(mine, 750)
	for i := range 20 {
		next := Keeper{c, [32]byte{2, byte(i)}}
		next.Keep(other, 1000)
		next.Kept()
		if next.Keep(mine, 1); c.Stats().Bytes > 8000 {
			t.Fatalf("%d bytes are in the cache", c.Stats().Bytes)
		}
	}
	held := c.Stats().Bytes
	holds(nil, held)
	k.Grow(mine, 100)
	holds(nil, held)
	nobody := Keeper{}
	nobody.Keep(mine, 1)
	if nobody.Grow(mine, 1); nobody.Kept() != nil {
		t.Error("the zero Keeper keeps something")
	}
}
