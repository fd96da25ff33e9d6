// Package conformance runs recorded cases: questions and transactions with the answers of Datomic Pro. A case passes where
// datolite gives the same answer, or refuses what Datomic refuses.
//
// Where it is right to differ, testdata/exceptions.json has the answer that is expected instead, and the item of the
// specification that says so.
//
// The cases lie in testdata, compressed; DATOLITE_CONFORMANCE names a folder of others in the same form: one JSON object a line,
// a world (a schema and transactions) before the cases that ask about it. Values stand in a tagged form, {"k":"ns/name"} for a
// keyword, and an entity is {"e":label}, since entity ids differ from system to system.
package conformance
