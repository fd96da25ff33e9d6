// Package datolite is an embeddable database of immutable facts.
package datolite
