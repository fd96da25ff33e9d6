// Package spell finds the word that was meant by a misspelt one, for error messages.
package spell
