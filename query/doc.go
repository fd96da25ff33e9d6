// Package query asks: Datalog and pull over any reader.
package query
