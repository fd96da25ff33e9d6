// Package script runs golden scripts: text files of commands, their input and the output that they must give.
//
//	# A comment, between blocks.
//	transact
//	[{:db/id "m" :model/name "v1"}]
//	----
//	[?m :model/name "v1" ?t true]     # ?m and ?t bind; a repeated hole must agree
//
//	entity ?m
//	----
//	{:model/name "v1"}
//
// A block is a line with the command and its arguments, lines of input up to ----, and the expected output up to an empty line or
// the end of the file. Output that holds empty lines stands between two lines ---- at its begin and two at its end.
//
// A hole in expected output, ?name, stands for one token: what holds no space, bracket, brace, comma or quote, or one string, both
// perhaps behind a tag. Where it stands first it binds; everywhere behind this, in the rest of the file, it stands for the same
// text, in the arguments of commands too. ?_ stands for any token and binds nothing. Input is handed on as it is, so that the
// variables of a query stay variables.
//
// In expected output, spaces and # and a space begin a comment. Spaces at the ends of lines do not count.
//
// With DATOLITE_UPDATE=1 in the environment the files are rewritten: lines that match stay as they are, the others become what was
// given.
package script
