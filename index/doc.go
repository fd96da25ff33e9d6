// Package index holds facts in four covering orders, in memory and in a store, and reads them on every view.
//
//   - A Value is one value: small, canonical, compared with == and ordered by Compare. Of makes one of a plain Go value.
//   - An ID names an entity, and has the T of its making in it. A Moment names a point in time.
//   - A Fact is an interval: an entity has a value for an attribute from one transaction to another. It is what is stored.
//   - A Datom is an event: a transaction asserted or retracted something. It is what is shown.
//   - An Order is one of EAVT, AEVT, AVET and VAET. A Range is what lies between two Cuts of an order.
//   - A Run is what a stretch of transactions did, in columns in memory.
//   - A Level is what a longer stretch of transactions did, in trees of segments in a store. Segments never change; a Cache keeps leaves
//     that were read.
//   - Levels are what a database reads: its runs, newest first, and the levels below them, if there are any.
//   - A View says what is seen of them: up to a transaction, after one, as events, without some entities.
//   - A Cursor walks a range of an order, or many Keys of it at once, and hands out what a view shows, a Batch of columns at a time.
//
// To hold facts and read those of one entity:
//
//	levels := index.Levels{}.Push(index.NewRun(facts, attrs))
//	cursor := levels.Scan(ctx, index.EAVT, index.Prefix(1, index.Fact{E: id}), index.View{Basis: newest})
//	for {
//		batch, err := cursor.Next()
//		if err != nil || batch == nil {
//			break
//		}
//		for i := range batch.Len() {
//			fmt.Println(batch.Datom(i))
//		}
//	}
//
// # How it reads
//
// Merge first, view second. The runs are merged into one interval for each key (e, a, v, tx): what a newer run says of the end of
// a fact counts. Then the view is two comparisons with that interval. On the present only facts that hold are read, and newer
// ends as masks; where one run alone covers a stretch of EAVT, its columns are handed out as they lie, and so are those of a leaf
// in any order.
//
// A tree of a level has leaves of some thousand facts in blocks of some hundred, which are decoded one by one, and above them directories
// with a summary of each child: a count, and the transactions in it. So one fact is found in one leaf and one block, a count needs two,
// and what a view cannot show is not read. Filters of leaves tell which values of unique attributes are not there, and above the lowest
// level which entities have not which attributes: what is new is mostly proven so without reading a leaf.
//
// A value of more than 512 bytes lies in EAVT alone. The trees of other orders have a stub of it, which tells it from most values; it is read
// when it is to be shown, and to compare it with those that begin with the same 64 bytes.
//
// # What to know
//
// Levels are values: a Push leaves those it is called on as they were, and any number of goroutines may read them. A run is
// sorted by whoever reads it first; the others wait.
//
// The fourth component of a Cut is the transaction that asserted a fact, on the history too. What one transaction did is in the log.
//
// Growing a level rewrites the leaves into which something goes, and no others. Keys that come in no order, such as hashes, touch most
// leaves of AVET each time; so a database of more than four million facts has a small level above a larger one, and up to five in all, of
// which each is merged with the next when it has grown too large.
//
// A Push trusts its caller: a fact is asserted once, ended once, and ended only if it holds in the levels.
package index
