// Package db holds the nouns of a database: Conn, Snapshot, View, Schema, Report.
package db
