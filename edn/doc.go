// Package edn reads and writes EDN, the notation of queries, transactions and definitions.
package edn
