// Package provenance is the graph of pipelines: what was computed, from what, and what rests on it.
package provenance
